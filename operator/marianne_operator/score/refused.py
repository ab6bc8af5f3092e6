"""A score that cannot be performed, and why."""

from typing import Final, Literal

Reason = Literal["ScoreInvalid", "ScoreTooLarge", "ScoreUnsupported"]
"""The Stalled reasons of the design."""

LONGEST: Final = 2000
"""Characters of a message: it becomes a condition, and may quote what the author wrote."""


class ScoreRefusedError(Exception):
    """`message` names the field and the fix, in words for the score's author."""

    def __init__(self, reason: Reason, message: str) -> None:
        self.reason: Reason = reason
        self.message = message if len(message) <= LONGEST else message[: LONGEST - 1] + "…"
        super().__init__(self.message)
