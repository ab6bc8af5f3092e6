"""What lint found, as people, programs and code scanners read it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from kubectl_marianne.lines import Line, Span, line
from kubectl_marianne.score_file import ScoreFile
from marianne_operator.score.lint.findings import UNREADABLE, Finding

LEVELS: Final = {"error": "error", "warning": "warning", "info": "note"}
"""SARIF's words for a finding's severity."""
STYLES: Final = {"error": "red", "warning": "yellow", "info": "dim"}
SARIF: Final = "https://json.schemastore.org/sarif-2.1.0.json"


def worst_is_error(findings: Sequence[Finding]) -> bool:
    """The score would be refused."""
    return any(each.severity == "error" for each in findings)


def unread(findings: Sequence[Finding]) -> bool:
    """There was no YAML to look at."""
    return any(each.check_id in UNREADABLE for each in findings)


def file_line(file: ScoreFile, finding: Finding) -> int | None:
    """In the file as it is, where the score may be a part of a MarianneJob."""
    return None if finding.line is None else finding.line + file.first_line - 1


def as_lines(file: ScoreFile, findings: Sequence[Finding]) -> list[Line]:
    """`file:line:column: severity: message [check]`, as compilers say it, so that editors jump there."""
    return [_line(file, each) for each in findings]


def _line(file: ScoreFile, finding: Finding) -> Line:
    number = file_line(file, finding)
    place = [file.label, *(str(each) for each in (number, finding.column) if each is not None and number is not None)]
    path = "" if finding.path in ("", "score") or finding.message.startswith(finding.path) else f"{finding.path}: "
    hint = f" ({finding.suggestion})" if finding.suggestion else ""
    severity = Span(f"{finding.severity}: ", STYLES.get(finding.severity, ""))
    return line(":".join(place) + ": ", severity, f"{path}{finding.message}{hint} [{finding.check_id}]")


def summary(findings: Sequence[Finding]) -> str:
    """`1 error, 2 warnings`."""
    counts = {name: sum(each.severity == name for each in findings) for name in ("error", "warning", "info")}
    plural = {"error": "errors", "warning": "warnings", "info": "notes"}
    single = {"error": "error", "warning": "warning", "info": "note"}
    told = [f"{count} {single[name] if count == 1 else plural[name]}" for name, count in counts.items() if count]
    return ", ".join(told) or "nothing to say against it"


def as_json(file: ScoreFile, findings: Sequence[Finding]) -> dict[str, Any]:
    """Lines are the file's own."""
    items = [asdict(each) | {"line": file_line(file, each)} for each in findings]
    return {"file": file.label, "valid": not worst_is_error(findings), "findings": items}


def as_sarif(file: ScoreFile, findings: Sequence[Finding], version: str) -> dict[str, Any]:
    """SARIF 2.1.0, for code scanning."""
    rules = [{"id": each} for each in sorted({finding.check_id for finding in findings})]
    driver = {"name": "kubectl-marianne", "version": version, "rules": rules}
    results = [_result(file, each) for each in findings]
    return {"$schema": SARIF, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}


def _result(file: ScoreFile, finding: Finding) -> dict[str, Any]:
    number = file_line(file, finding)
    region: Mapping[str, int] = {} if number is None else {"startLine": number}
    if number is not None and finding.column is not None:
        region = {**region, "startColumn": finding.column}
    place: dict[str, Any] = {"artifactLocation": {"uri": file.label}}
    place |= {"region": dict(region)} if region else {}
    text = f"{finding.message} ({finding.suggestion})" if finding.suggestion else finding.message
    return {
        "ruleId": finding.check_id,
        "level": LEVELS.get(finding.severity, "none"),
        "message": {"text": text},
        "locations": [{"physicalLocation": place}],
    }
