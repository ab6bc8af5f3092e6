"""The working copy of one decision: the status as it will be, and what must be done beside it.

The policies of this package each take a draft and change it; `decide` says in which order. Nothing outside sees it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from marianne_operator.model.pod import PodView
from marianne_operator.model.status import JobStatus, SheetStatus, Waiting
from marianne_operator.plan.clock import stamp
from marianne_operator.plan.fit import fitted
from marianne_operator.plan.observation import Observation
from marianne_operator.plan.plan import Note, PodDeletion
from marianne_operator.plan.standing import Standing
from marianne_runner.contract import CompiledScore


@dataclass(frozen=True, slots=True)
class Following:
    """What the job does after its last sheet."""

    phase: Literal["Running", "Waiting", "Paused", "PausedAtChain"]
    message: str
    waiting: Waiting | None = None


@dataclass(slots=True)
class Draft:
    """`sheets[n - 1]` is sheet n. `status` holds everything else of the status."""

    seen: Observation
    score: CompiledScore
    status: JobStatus
    sheets: list[SheetStatus]
    running: dict[int, float] = field(default_factory=dict)
    """Sheets whose container runs: since when."""
    gone: dict[int, PodView | None] = field(default_factory=dict)
    """Sheets with an intent and no Pod: the Pod as last seen, if it ever was."""
    limits: Mapping[str, Standing] | None = None
    """What this job's own sheets tell of limits, once somebody has asked."""
    probes: dict[str, int] = field(default_factory=dict)
    """What is tried by a sheet that this decision starts."""
    hold: Waiting | None = None
    """Why no new sheet may start, if none may."""
    deletions: list[PodDeletion] = field(default_factory=list)
    creations: list[Mapping[str, Any]] = field(default_factory=list)
    children: list[Mapping[str, Any]] = field(default_factory=list)
    following: Following | None = None
    """Every sheet is done, and something follows before the job is."""
    recovered: bool = False
    notes: list[Note] = field(default_factory=list)
    wake: float | None = None

    @property
    def now(self) -> float:
        """Seconds since the epoch."""
        return self.seen.now

    @property
    def validates_only(self) -> bool:
        """The run performs nothing: no instrument, no dependencies, no second try."""
        return self.status.run_mode == "ValidateOnly"

    def own(self, pods: Mapping[str, PodView], name: str) -> PodView | None:
        """Of these, the Pod of that name, if it is this job's: a namesake of an earlier one is not."""
        pod = pods.get(name)
        return pod if pod is not None and pod.owner_uid == self.seen.job.uid else None

    def put(self, sheet: SheetStatus) -> None:
        """Replace this sheet; what an attempt left behind is cut to what the status can afford."""
        self.sheets[sheet.num - 1] = sheet if sheet.active else fitted(sheet, len(self.sheets))

    def set(self, **changes: Any) -> None:  # noqa: ANN401  (field names are checked by the tests of every policy)
        """Change fields of the status."""
        self.status = self.status.model_copy(update=changes)

    def wake_at(self, moment: float) -> None:
        """Look again then, or earlier."""
        self.wake = moment if self.wake is None else min(self.wake, moment)

    def warn(self, reason: str, message: str) -> None:
        """A Warning event."""
        self.notes.append(Note("Warning", reason, message))

    def tell(self, reason: str, message: str) -> None:
        """A Normal event: a verb was obeyed."""
        self.notes.append(Note("Normal", reason, message))

    def waiting(self, old: Waiting | None, reason: str, message: str, until: float | None = None) -> Waiting:
        """A wait that keeps its `since` while its reason stays."""
        since = old.since if old is not None and old.reason == reason else stamp(self.now)
        return Waiting(
            reason=reason, message=message[:1024], since=since, until=None if until is None else stamp(until)
        )
