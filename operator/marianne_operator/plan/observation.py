"""Everything that a decision may look at, gathered beforehand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from marianne_operator.model.instrument import InstrumentView
from marianne_operator.model.job import JobView
from marianne_operator.model.pod import PodView
from marianne_operator.model.spec import ClaimTemplate
from marianne_operator.plan.live import Edit
from marianne_operator.plan.standing import Standing
from marianne_runner.contract import CompiledScore


@dataclass(frozen=True, slots=True)
class ScoreReady:
    """The score that this job runs, or is to run."""

    compiled: CompiledScore
    text: str
    """`compiled` as the JSON of its ConfigMap."""
    source: str
    """As `status.score.source`."""
    stored: bool = True
    """Its ConfigMap exists."""
    edit: Edit | None = None
    """The spec now holds another score than the pinned one, which goes on; `compiled` has the limits of the other."""


@dataclass(frozen=True, slots=True)
class ScoreRefusal:
    """No score: `stalled` until the spec changes, else the job waits and looks again."""

    reason: str
    message: str
    stalled: bool


@dataclass(frozen=True, slots=True)
class ClaimView:
    """The claim that holds the workspace."""

    name: str
    uid: str
    access_modes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WriteRefusal:
    """The API server refused an object of ours; `until` is when to try again (seconds since the epoch)."""

    reason: Literal["QuotaExceeded", "FieldUnsupported", "NameConflict"]
    message: str
    until: float


@dataclass(frozen=True, slots=True)
class Settings:
    """What the chart's values decide for all jobs."""

    runner_image: str
    image_pull_policy: str = "IfNotPresent"
    inject_runner: bool = False
    """Into images that are not the runner's own (decision 016)."""
    workspace: ClaimTemplate = field(default_factory=ClaimTemplate)
    resources: Mapping[str, Any] = field(default_factory=dict)
    start_deadline_seconds: float = 900.0
    termination_grace_seconds: int = 30
    allowed_service_accounts: tuple[str, ...] | None = None
    allowed_priority_classes: tuple[str, ...] | None = None
    allowed_runtime_classes: tuple[str, ...] | None = None
    """Ceilings for `sheetTemplate`; None allows all, an empty tuple none."""


@dataclass(frozen=True, slots=True)
class Observation:
    """One look at a job. `now` is seconds since the epoch."""

    job: JobView
    score: ScoreReady | ScoreRefusal
    now: float
    settings: Settings
    pods: Mapping[str, PodView] = field(default_factory=dict)
    """By name: every Pod labelled with the job's name, of whatever UID."""
    ghosts: Mapping[str, PodView] = field(default_factory=dict)
    """By name: Pods that are gone, as last seen."""
    instruments: Mapping[str, InstrumentView] = field(default_factory=dict)
    """By object name; the namespace's own before the cluster's."""
    limits: Mapping[str, Standing] = field(default_factory=dict)
    """By object name: what the namespace's other jobs tell of a limit that the instrument shares."""
    children: Mapping[str, JobView] = field(default_factory=dict)
    """By name: the jobs that hooks of this one started, and that it still waits for."""
    claim: ClaimView | None = None
    refusals: Mapping[str, WriteRefusal] = field(default_factory=dict)
    """By the name of the Pod, claim or ConfigMap."""
    pod_events: Mapping[str, str] = field(default_factory=dict)
    """By Pod UID: the newest warning of a Pod that is long in ContainerCreating, `<reason>: <message>`."""
    nonce: str | None = None
    """Nobody has seen it before: the key of the job, should it begin now."""
