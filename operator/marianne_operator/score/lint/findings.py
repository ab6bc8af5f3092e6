"""Findings, and the table of checks they come from (docs/lint.md). Knows no parser, so that callers stay light."""

from dataclasses import dataclass
from typing import Final, Literal

from marianne_operator.score.refused import Path, ScoreRefusedError

Severity = Literal["error", "warning", "info"]
ORDER: Final[tuple[Severity, ...]] = ("error", "warning", "info")
"""Most urgent first."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line for the author. `message` and `path` quote the score: data, never markup.

    Lines and columns count from 1, in the text that was checked.
    """

    check_id: str
    severity: Severity
    message: str
    path: str
    line: int | None = None
    column: int | None = None
    suggestion: str | None = None


@dataclass(frozen=True, slots=True)
class Remark:
    """What a check says before anybody knows where it stands; `line` is one of the text at `path`."""

    check_id: str
    path: Path
    message: str
    suggestion: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """An error is what the operator refuses; everything else runs."""

    severity: Severity
    title: str


CHECKS: Final = {
    "K000": Check("info", "there are more findings than are shown"),
    "K001": Check("error", "the text is not YAML, or YAML that is not allowed"),
    "K002": Check("error", "a field is unknown, missing, or has a wrong value"),
    "K003": Check("error", "the score is too large"),
    "K004": Check("error", "the operator does not perform this field yet, and must not neglect it"),
    "K005": Check("error", "stages and dependencies do not fit together: unknown number, itself, a cycle"),
    "K101": Check("info", "the field has no effect on Kubernetes"),
    "K102": Check("warning", "the field has no effect yet"),
    "K103": Check("warning", "a map speaks of a sheet or a stage that does not exist"),
    "K104": Check("warning", "a condition, or a part of it, is not understood and counts as true"),
    "K105": Check("warning", "a validation is for none of the sheets"),
    "K106": Check("warning", "a validation's path has a placeholder that nothing fills"),
    "K107": Check("warning", "there is neither a template nor a template_file"),
    "K108": Check("warning", "a skip_when can never be evaluated, so its sheet always runs"),
    "V001": Check("error", "the template is not Jinja"),
    "V007": Check("error", "a pattern is no regular expression"),
    "V008": Check("error", "a validation lacks what its type needs"),
    "V101": Check("warning", "the template uses a variable that nothing defines"),
    "V103": Check("warning", "a time-out is under a minute or over a day"),
    "V106": Check("warning", "a pattern is empty and matches everything"),
    "V201": Check("warning", "a validation uses Jinja's braces, which are not filled there"),
    "V202": Check("warning", "the template uses a validation's braces, which are not filled there"),
    "V203": Check("warning", "there are no validations"),
    "V205": Check("info", "all validations are file_exists: empty files pass"),
    "V206": Check("warning", "a fan-out without dependencies"),
    "V207": Check("info", "a fan-out without parallel"),
    "V208": Check("warning", "a variable has the name of a built-in one"),
    "V210": Check("warning", "an instrument's name cannot be one of this cluster"),
    "V211": Check("warning", "a fallback's name cannot be one of this cluster"),
    "V212": Check("warning", "a skip speaks of a stage that does not exist"),
}
"""Every check by id. V: Marianne's own numbers; K: what only this operator knows, or what Marianne left open."""

UNREADABLE: Final = frozenset({"K001"})
"""Checks whose finding means that there is no YAML to look at."""
WRONG_FIELDS: Final = frozenset({"K002", "V007", "V008"})
"""Checks whose finding means that the text is no score of Marianne's schema."""


def unread(refused: ScoreRefusedError) -> Finding:
    """For a score that never became a tree."""
    check_id = "K003" if refused.reason == "ScoreTooLarge" else "K001"
    return Finding(check_id, "error", refused.message, "score", refused.line)
