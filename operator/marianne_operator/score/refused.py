"""A score that cannot be performed, and why."""

from typing import Literal

Reason = Literal["ScoreInvalid", "ScoreTooLarge", "ScoreUnsupported"]
"""The Stalled reasons of the design."""


class ScoreRefusedError(Exception):
    """`message` names the field and the fix, in words for the score's author."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason: Reason = reason
        self.message = message
