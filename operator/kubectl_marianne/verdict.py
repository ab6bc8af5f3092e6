"""What the end of a wait is, and the exit code that tells it to a script."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from kubectl_marianne.exits import BY_PHASE, ERROR, OK, PAUSED

Goal = Literal["completed", "paused", "finished", "resumed"]
PAUSES: Final = ("Paused", "PausedAtChain")
ENDS: Final = ("Completed", "Failed", "Cancelled")


@dataclass(frozen=True, slots=True)
class Verdict:
    """`told` is one line for a person: the state as a word, and why."""

    code: int
    told: str


def verdict(job: Mapping[str, Any], goal: Goal) -> Verdict | None:
    """None as long as waiting makes sense.

    What the operator said of an older spec counts for nothing: a failed job that was just told to try again is not
    failed. A refused job ends every wait, because nothing goes on until its spec changes. A paused one ends the wait
    for its completion, because a person has to resume it, but not the wait for its end: that person may.
    """
    status = job.get("status") or {}
    phase = status.get("phase")
    if phase is None or status.get("observedGeneration") != job["metadata"].get("generation"):
        return None
    code = _code(phase, goal)
    return None if code is None else Verdict(code, _told(phase, status))


def ended(job: Mapping[str, Any]) -> Verdict | None:
    """How the job ended, whatever is waited for; None while it goes on, pauses included."""
    found = verdict(job, "completed")
    return None if found is None or found.code == PAUSED else found


def gone() -> Verdict:
    """Somebody deleted it while it was waited for."""
    return Verdict(ERROR, "it was deleted")


def worst(verdicts: list[Verdict]) -> int:
    """One exit code for several jobs: the first that is not 0, in the order that they were named in."""
    return next((each.code for each in verdicts if each.code != OK), OK)


def _code(phase: str, goal: Goal) -> int | None:
    """A row for each goal; a refused job ends them all."""
    if phase == "Refused":
        return BY_PHASE[phase]
    if goal == "resumed":
        return None if phase in PAUSES else OK
    if phase in PAUSES:
        return {"paused": OK, "completed": PAUSED}.get(goal)
    if phase not in ENDS:
        return None
    if goal == "finished":
        return OK
    return ERROR if goal == "paused" and phase == "Completed" else BY_PHASE[phase]


def _told(phase: str, status: Mapping[str, Any]) -> str:
    progress = f" {status['progress']}" if status.get("progress") else ""
    why = next((each.get("message", "") for each in status.get("conditions", ()) if each["type"] == "Succeeded"), "")
    return f"{phase}{progress}" + (f": {why}" if why and phase != "Completed" else "")
