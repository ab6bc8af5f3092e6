"""What the layouts read in a job as it stands in the cluster, and in the score that was compiled for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from kubectl_marianne.palette import Signs

Body = Mapping[str, Any]
RUNNING: Final = ("in_progress", "dispatched")
FAILED: Final = ("failed",)
WAITING: Final = ("waiting", "retry_scheduled", "fermata")
ORDER: Final = (*RUNNING, *FAILED, *WAITING, "ready", "pending", "completed", "skipped", "cancelled")
"""What a person wants to see first."""


@dataclass(frozen=True, slots=True)
class Look:
    """How and when it is looked at. `flags` belong into every command that is proposed, as ` -n other`."""

    signs: Signs
    width: int | None
    height: int | None
    now: datetime
    wide: bool = False
    flags: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """The compiled score, or nothing where the reader may not read its ConfigMap."""

    compiled: Body

    def sheet(self, num: int) -> Body:
        """Its place, needs and rules; empty where unknown."""
        sheets = self.compiled.get("sheets") or ()
        return sheets[num - 1] if 0 < num <= len(sheets) else {}

    def movement(self, num: int) -> str:
        """`2 draft.v1`: the stage's number and name, and the voice where there are several; `-` where unknown."""
        place = self.sheet(num)
        if not place:
            return "-"
        name = self.stage(place["stage"])
        return f"{name}.v{place['instance']}" if place["fan_count"] > 1 else name

    def stage(self, stage: int) -> str:
        """`2 draft`."""
        names = self.compiled.get("stage_names") or {}
        return f"{stage} {names.get(str(stage), '')}".rstrip()

    def described(self, num: int) -> str:
        """What the author calls the sheet; mostly nothing."""
        return str((self.compiled.get("descriptions") or {}).get(str(num), ""))

    def instrument(self, num: int) -> str | None:
        """Before the sheet has run."""
        place, performers = self.sheet(num), self.compiled.get("performers") or ()
        return performers[place["performer"]].get("instrument") if place else None


def status(job: Body) -> Body:
    """Empty before the operator has seen it."""
    return job.get("status") or {}


def sheets(job: Body) -> Sequence[Body]:
    """In the order of their numbers."""
    return status(job).get("sheets") or ()


def phase(job: Body) -> str:
    """For people."""
    return status(job).get("phase") or "Pending"


def condition(job: Body, kind: str) -> Body:
    """Empty where it was never set."""
    return next((each for each in status(job).get("conditions") or () if each["type"] == kind), {})


def counted(states: Sequence[str]) -> list[tuple[str, int]]:
    """(state, how many), the interesting ones first."""
    return [(state, states.count(state)) for state in ORDER if state in states]
