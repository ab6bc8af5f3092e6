"""The CR's words to Marianne's: clients of the seed's API know seven states of a job."""

from typing import Final, Literal

JobWord = Literal["pending", "running", "completed", "failed", "paused", "paused_at_chain", "cancelled"]

_BY_PHASE: Final[dict[str, JobWord]] = {
    "Running": "running",
    "Paused": "paused",
    "PausedAtChain": "paused_at_chain",
    "Completed": "completed",
    "Failed": "failed",
    "Cancelled": "cancelled",
    "Refused": "failed",
}
FINISHED: Final = frozenset({"Completed", "Failed", "Cancelled", "Refused"})
"""Phases in which nothing runs until somebody wants it to."""


def job_status(phase: str | None, *, started: bool) -> JobWord:
    """A job that waits is running if it ever was, else pending."""
    if phase == "Waiting":
        return "running" if started else "pending"
    return _BY_PHASE.get(phase or "", "pending")
