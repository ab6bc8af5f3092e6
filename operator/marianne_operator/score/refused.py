"""A score that cannot be performed, and why."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

Reason = Literal["ScoreInvalid", "ScoreTooLarge", "ScoreUnsupported"]
"""The Stalled reasons of the design."""

Path = tuple[int | str, ...]
"""Keys and list indices down from the score."""

LONGEST: Final = 2000
"""Characters of a message: it becomes a condition, and may quote what the author wrote."""
SHOWN_PATH: Final = 200
SHOWN_PROBLEMS: Final = 5
"""In one message; lint tells them all."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one field; the same words stand in the job's condition and in lint."""

    path: Path
    message: str
    kind: str = ""
    """Tells lint's checks apart where one step finds several kinds of problems."""
    line: int | None = None
    """From 1, in the text of the field."""

    def __str__(self) -> str:
        where = "" if self.line is None else f"line {self.line}: "
        return f"{dotted(self.path)}: {where}{self.message}"


class ScoreRefusedError(Exception):
    """`message` names the field and the fix, in words for the score's author.

    `problem` says the same by path, where a path is known; `line` of the score's text, where only that is.
    """

    def __init__(self, reason: Reason, told: str | Problem, line: int | None = None) -> None:
        message = str(told)
        self.reason: Reason = reason
        self.message = message if len(message) <= LONGEST else message[: LONGEST - 1] + "…"
        self.problem = told if isinstance(told, Problem) else None
        self.line = line
        super().__init__(self.message)


def refused_for(reason: Reason, problems: Iterable[Problem]) -> ScoreRefusedError:
    """One refusal that tells the first problems; there must be one."""
    every = list(problems)
    more = len(every) - SHOWN_PROBLEMS
    told = "; ".join(map(str, every[:SHOWN_PROBLEMS])) + (f"; and {more} more" if more > 0 else "")
    return ScoreRefusedError(reason, told)


def dotted(path: Path) -> str:
    """A path as an author would write it, whatever a key holds."""
    name = ".".join(str(part) for part in path if part != "[key]")
    return name.encode(errors="replace").decode().replace("\0", "?")[:SHOWN_PATH] or "score"
