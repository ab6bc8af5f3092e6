"""The whole of lint: a text to its findings. Pure; runs where the score is compiled, in the limited child."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from jinja2 import nodes

from marianne_operator.score import effects, expansion, templates
from marianne_operator.score.compile import assembled
from marianne_operator.score.fields import Score
from marianne_operator.score.lint import instruments, sheets, template, validations
from marianne_operator.score.lint.findings import CHECKS, ORDER, Finding, Remark, unread
from marianne_operator.score.lint.marks import Mark, locate
from marianne_operator.score.lint.spelling import meant
from marianne_operator.score.load import read_score, tree_of
from marianne_operator.score.plain import plain
from marianne_operator.score.refused import LONGEST, Problem, ScoreRefusedError, dotted

SHOWN: Final = 200
"""Findings; errors go first."""
NOT_YET: Final = "K102"
_SOME_DIGEST: Final = 64 * "0"
_BY_KIND: Final = {"bad_regex": "V007", "rule_incomplete": "V008"}


def lint(text: str) -> list[Finding]:
    """In the order of the text. There is an error exactly where `compile_source` refuses the score."""
    try:
        tree = tree_of(text)
        plain(tree)
    except ScoreRefusedError as refused:
        if refused.problem is None:
            return [unread(refused)]
        return _placed([_of_refusal("K002", refused)], text)
    read = read_score(tree)
    found = list(_of_score(read) if isinstance(read, Score) else _of_fields(read, tree))
    del tree, read  # before the text is read a second time: the child's memory is limited
    return _placed(found, text)


def warnings(findings: Sequence[Finding]) -> list[str]:
    """For the job's condition: what runs, but perhaps not as meant. What has no effect is told there by itself."""
    told = [
        f"{f'line {each.line}: ' if each.line else ''}{each.path}: {each.message}"
        for each in findings
        if each.severity == "warning" and each.check_id != NOT_YET
    ]
    more = [f"and {len(told) - templates.SHOWN} more, see lint"] if len(told) > templates.SHOWN else []
    return told[: templates.SHOWN] + more


def _of_fields(problems: list[Problem], tree: Mapping[Any, Any]) -> Iterator[Remark]:
    for number, problem in enumerate(problems):
        check_id = _BY_KIND.get(problem.kind, "K002")
        path = (*problem.path, "pattern") if check_id == "V007" else problem.path
        unknown = problem.kind == "extra_forbidden" and number < SHOWN
        yield Remark(check_id, path, problem.message, meant(path) if unknown else None)
    prompt = tree.get("prompt")
    written = prompt.get("template") if isinstance(prompt, Mapping) else None
    if isinstance(written, str):
        yield from _parsed(written)[1]


def _of_score(score: Score) -> Iterator[Remark]:
    for problem in effects.refusals(score):
        yield Remark("K004", problem.path, problem.message)
    for effect in effects.in_vain(score):
        check_id, said = (NOT_YET, "no effect") if effect.why == effects.ABSENT else ("K101", "no effect on Kubernetes")
        yield Remark(check_id, tuple(effect.path.split(".")), f"{said}: {effect.why}")
    parsed, errors = _parsed(score.prompt.template)
    yield from errors
    undefined = {} if parsed is None else templates.undefined(score, parsed)
    yield from template.remarks(score, parsed, undefined)
    del parsed
    yield from instruments.remarks(score)
    yield from _of_structure(score, templates.told(undefined))


def _parsed(text: str | None) -> tuple[nodes.Template | None, list[Remark]]:
    try:
        return None if text is None else templates.parsed(text), []
    except ScoreRefusedError as refused:
        return None, [_of_refusal("V001", refused)]


def _of_structure(score: Score, warned: list[str]) -> Iterator[Remark]:
    """What can be said only once the sheets are known."""
    try:
        problems = expansion.dependency_problems(score, expansion.places(score))
        yield from (Remark("K005", problem.path, problem.message) for problem in problems)
        if problems:
            return
        compiled = assembled(score, _SOME_DIGEST, [effect.path for effect in effects.in_vain(score)], warned)
    except ScoreRefusedError as refused:
        yield _of_refusal("K005", refused)
        return
    yield from sheets.remarks(score, compiled)
    yield from validations.remarks(score, compiled)


def _of_refusal(check_id: str, refused: ScoreRefusedError) -> Remark:
    problem = refused.problem or Problem((), refused.message)
    too_large = refused.reason == "ScoreTooLarge"
    return Remark("K003" if too_large else check_id, problem.path, problem.message, line=problem.line)


def _placed(found: list[Remark], text: str) -> list[Finding]:
    """As many as are shown, with their lines, in the order of the text."""
    by_urgency = sorted(found, key=lambda remark: ORDER.index(CHECKS[remark.check_id].severity))
    shown, more = by_urgency[:SHOWN], by_urgency[SHOWN:]
    marks = locate(text, {remark.path for remark in shown})
    findings = [_finding(remark, marks.get(remark.path)) for remark in shown]
    findings.sort(key=lambda finding: (finding.line or 0, finding.column or 0))
    return [*findings, *_uncounted(more)]


def _finding(remark: Remark, mark: Mark | None) -> Finding:
    line, column = (None, None) if mark is None else (mark.line, mark.column)
    if mark is not None and mark.content is not None and remark.line is not None:
        line, column = mark.content + remark.line - 1, None
    return Finding(
        remark.check_id,
        CHECKS[remark.check_id].severity,
        remark.message[:LONGEST],
        dotted(remark.path),
        line,
        column,
        remark.suggestion,
    )


def _uncounted(more: list[Remark]) -> Iterator[Finding]:
    counts = Counter(CHECKS[remark.check_id].severity for remark in more)
    if more:
        told = ", ".join(f"{counts[severity]} of severity {severity}" for severity in ORDER if counts[severity])
        yield Finding("K000", CHECKS["K000"].severity, f"more findings are not shown: {told}", "score")
