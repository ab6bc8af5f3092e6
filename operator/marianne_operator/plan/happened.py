"""What has become of a job since its status was last written, in the words of Marianne's notifications.

Only two statuses are compared: the change and the intent to tell of it are written at once, so neither is told twice
nor forgotten. An operator that is away misses nothing, since the change is only made when it is back.
"""

from dataclasses import dataclass
from typing import Final

from marianne_operator.model.status import JobStatus

NEEDS_SOMEBODY: Final = frozenset({"BudgetReached", "CredentialsRefused", "LimitsExhausted"})
"""Waits that only a person ends; so does whatever a sheet in fermata waits for."""
ENDS: Final = {"Completed": "job_complete", "Failed": "job_failed"}


@dataclass(frozen=True, slots=True)
class Happened:
    """One event. `cause`: what holds the job, where something does."""

    event: str
    cause: str | None = None
    message: str = ""


def happened(old: JobStatus, new: JobStatus) -> list[Happened]:
    """A run that began, a job that stands still until somebody acts, a run that ended; a cancelled one is no news."""
    begun = new.run is not None and new.run != old.run
    told = [Happened("job_start")] if begun else []
    cause = _held_by(new)
    if cause is not None and cause != _held_by(old):
        told.append(Happened("job_paused", cause, _why_held(new)))
    event = ENDS.get(new.phase or "")
    if event is not None and new.finished and (begun or not old.finished):
        told.append(Happened(event, message=_outcome(new)))
    return told


def _held_by(status: JobStatus) -> str | None:
    if status.phase in ("Paused", "PausedAtChain"):
        return status.phase
    waiting = status.waiting
    if waiting is None:
        return None
    of = [each for each in status.sheets if each.waiting is not None and each.waiting.reason == waiting.reason][:1]
    if waiting.reason not in NEEDS_SOMEBODY and not any(each.state == "fermata" for each in of):
        return None
    return f"{waiting.reason}, sheet {of[0].num}" if of else waiting.reason


def _why_held(status: JobStatus) -> str:
    if status.waiting is not None:
        return f"{status.waiting.reason}: {status.waiting.message}"
    return "until it is resumed"


def _outcome(status: JobStatus) -> str:
    succeeded = status.condition("Succeeded")
    return succeeded.message if succeeded is not None else ""
