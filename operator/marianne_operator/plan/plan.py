"""What one decision asks for. `control.act` performs it in this order: ensure, status, delete, create, tell."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from marianne_operator.model.status import JobStatus


@dataclass(frozen=True, slots=True)
class Ensure:
    """An object that must exist before any Pod does; made once, never changed."""

    kind: Literal["ConfigMap", "PersistentVolumeClaim"]
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PodDeletion:
    """Delete this very Pod: the UID is a precondition."""

    name: str
    uid: str
    grace_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """A Kubernetes event about the job: a warning, or a verb obeyed. A plain run has none."""

    type: Literal["Normal", "Warning"]
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Plan:
    """`status` None: nothing to write. `create` holds Pods whose intent stands in `status` or stood there before."""

    ensure: tuple[Ensure, ...] = ()
    status: JobStatus | None = None
    delete: tuple[PodDeletion, ...] = ()
    create: tuple[Mapping[str, Any], ...] = ()
    children: tuple[Mapping[str, Any], ...] = ()
    """Jobs of a chain, intended as Pods are."""
    recovered: bool = False
    """Some of it was intended before this look: read the job live first, and drop the plan if it moved on."""
    notes: tuple[Note, ...] = ()
    delete_job: bool = False
    look_again_at: float | None = None
    """Seconds since the epoch."""
