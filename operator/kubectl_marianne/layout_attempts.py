"""Attempts of one sheet side by side: how each was made, how it ended, and which rules held."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from kubectl_marianne import palette
from kubectl_marianne.lines import Cell, Line, Span, grid, line
from kubectl_marianne.reading import Look
from kubectl_marianne.times import clock, duration
from marianne_client.attempts import Attempt

TITLES: Final = ("ATTEMPT", "MODE", "INSTRUMENT", "OUTCOME", "CODE", "CHECKS", "STARTED", "TIME", "POD", "REASON")
STYLES: Final = {"completed": "green", "skipped": "dim", "failed": "red", "lost": "red", "unknown": "red"}
HELD, FAILED, UNKNOWN = "ok", "failed", "-"
COLUMNS: Final = 12
"""Attempts beside each other in the table of rules: the latest."""
Files = Mapping[int, Mapping[str, Any]]


def attempt_lines(attempts: Sequence[Attempt], look: Look) -> list[Line]:
    """A row for each, then what each failed one says, then the rules of all."""
    header: list[Cell] = [Span(title, palette.HEADER) for title in TITLES]
    rows = [header, *(_cells(each, look) for each in attempts)]
    shrink = [TITLES.index(title) for title in ("REASON", "POD", "INSTRUMENT")]
    lines = grid(rows, look.width, look.signs.more, shrink)
    for each in attempts:
        _, message = each.why
        if message:
            lines.append(line(Span(f"attempt {each.number}: ", palette.DIM), message))
        if sizes := _sizes(each.verdict or {}):
            lines.append(line(Span(f"attempt {each.number}: ", palette.DIM), sizes))
    return [*lines, *_rules(attempts[-COLUMNS:], look)]


def evidence_lines(number: int, files: Mapping[str, Any]) -> list[Line]:
    """What the ledger keeps of one attempt, whole; an agent may have written there whatever it liked."""
    lines = [line(), line(Span(f"attempt {number}", palette.HEADER))]
    checks = (files.get("verdict") or {}).get("checks")
    listed = checks if isinstance(checks, list) else []
    lines += [line("  check: ", check_told(each)) for each in listed if isinstance(each, Mapping)]
    for name in ("prompt", "stdout", "stderr"):
        if name in files:
            lines += [line("  ", Span(f"{name} ({files[name]['size']} bytes)", palette.DIM))]
            lines += [line("  | ", part) for part in str(files[name]["text"]).splitlines()]
    return lines if len(lines) > 2 else [*lines, line("  nothing is kept of it any more")]


def check_told(check: Mapping[str, Any]) -> str:
    """`ok file_exists report.md (expected ..., found ...)`."""
    name = " ".join(filter(None, map(str, (check.get("rule_type"), check.get("description") or check.get("path")))))
    words = (("expected", check.get("expected_value")), ("found", check.get("actual_value")))
    values = ", ".join(f"{word} {value}" for word, value in words if value)
    why = f": {check['error_message']}" if check.get("error_message") else ""
    return f"{HELD if check.get('passed') else FAILED} {name}{why}" + (f" ({values})" if values else "")


def _cells(attempt: Attempt, look: Look) -> list[Cell]:
    told: Mapping[str, Any] = attempt.verdict or {}
    passed, failed = len(told.get("passed_rules", ())), len(told.get("failed_rules", ()))
    began = None if attempt.started is None else datetime.fromtimestamp(attempt.started, UTC).isoformat()
    took = attempt.seconds
    if took is None and attempt.started is not None and not attempt.over:
        took = look.now.timestamp() - attempt.started
    return [
        str(attempt.number),
        attempt.mode or "-",
        attempt.instrument or "-",
        Span(attempt.outcome, STYLES.get(attempt.outcome, "")),
        str(told.get("error_code", "-")),
        f"{passed}/{passed + failed}" if passed or failed else "-",
        clock(began, look.now) or "-",
        duration(took),
        attempt.pod,
        attempt.why[0] or "-",
    ]


def _sizes(told: Mapping[str, Any]) -> str:
    """`prompt of 512 characters; file_exists 2/3, command_succeeds 1/1`."""
    prompt = f"prompt of {told['prompt_characters']} characters" if "prompt_characters" in told else ""
    kinds = ", ".join(f"{kind} {held}/{of}" for kind, (held, of) in told.get("rules_by_kind", {}).items())
    return "; ".join(filter(None, [prompt, kinds]))


def _rules(attempts: Sequence[Attempt], look: Look) -> list[Line]:
    """A row for each rule, a column for each attempt; a sheet has as many rows as rules that any attempt told of."""
    told = [(each.number, each.verdict) for each in attempts if each.verdict is not None]
    labels = dict.fromkeys(
        label for _, verdict in told for label in (*verdict["passed_rules"], *verdict["failed_rules"])
    )
    if not labels:
        return []
    header: list[Cell] = [Span("RULE", palette.HEADER), *(Span(f"a{number}", palette.HEADER) for number, _ in told)]
    rows = [header]
    for label in labels:
        held = [_held(label, verdict["passed_rules"], verdict["failed_rules"]) for _, verdict in told]
        rows.append([label, *held])
    return [line(), *grid(rows, look.width, look.signs.more, [0])]


def _held(label: str, passed: Sequence[str], failed: Sequence[str]) -> Span:
    if label in failed:
        return Span(FAILED, palette.BAD)
    return Span(HELD, "green") if label in passed else Span(UNKNOWN, palette.DIM)
