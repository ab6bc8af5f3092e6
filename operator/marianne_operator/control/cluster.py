"""The one seam to the outside: every call that the operator makes to the API server, and every way it can go wrong.

The chart's RBAC is this list and nothing else. Bodies are the API's own JSON objects: no typed models, so that nothing
is parsed that nobody reads and a newer version's fields pass through. Each method may raise any `ClusterError`; those
that callers treat apart are named in its docstring.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

Body: TypeAlias = dict[str, Any]
"""One object as the API server tells it."""

JOBS_API = "marianne.dev/v1alpha1"


class ClusterError(Exception):
    """A call did not do what was asked."""


class ConflictError(ClusterError):
    """409 Conflict: the object is no longer the version, or the UID, that was named."""


class AlreadyExistsError(ClusterError):
    """409 AlreadyExists: an object of that name is there."""


class NotFoundError(ClusterError):
    """404: the object, its namespace or its kind is not there."""


class UnknownOutcomeError(ClusterError):
    """Timeout, reset or 5xx: a write may have been committed or not; only a read can tell."""


class TooManyRequestsError(ClusterError):
    """429: not performed; `retry_after` is how many seconds the server wants to be left alone."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RefusedError(ClusterError):
    """Any other 4xx: not performed, and asking the same again gets the same answer. `reason` is the API's word."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message


@dataclass(frozen=True, slots=True)
class Listing:
    """A quorum read of many objects. `resource_version` is the state of the store that it shows."""

    resource_version: int
    items: list[Body]


class Cluster(Protocol):
    """`namespace` None means all namespaces."""

    async def list_jobs(self, namespace: str | None = None) -> Listing:
        """Every MarianneJob."""
        ...

    async def get_job(self, namespace: str, name: str) -> Body:
        """The job, live. Raises `NotFoundError`."""
        ...

    async def create_job(self, body: Mapping[str, Any]) -> Body:
        """Create the next job of a chain. Raises as `create_pod` does."""
        ...

    async def put_status(self, body: Body) -> Body:
        """Replace `/status`. `metadata.resourceVersion` is a precondition: raises `ConflictError`, `NotFoundError`."""
        ...

    async def delete_job(self, namespace: str, name: str, uid: str) -> None:
        """Delete this very job. Raises `NotFoundError`, `ConflictError` (another UID)."""
        ...

    async def list_instruments(self, namespace: str | None = None) -> Listing:
        """Every Instrument."""
        ...

    async def list_cluster_instruments(self) -> Listing:
        """Every ClusterInstrument."""
        ...

    async def patch_instrument_status(self, namespace: str, name: str, status: Mapping[str, Any]) -> Body:
        """Merge into `/status` of an Instrument; None removes. Raises `NotFoundError`."""
        ...

    async def patch_cluster_instrument_status(self, name: str, status: Mapping[str, Any]) -> Body:
        """The same of a ClusterInstrument."""
        ...

    async def list_pods(self, namespace: str | None = None, jobs: Collection[str] | None = None) -> Listing:
        """Every Pod that carries the job label; with `jobs`, one of these values of it."""
        ...

    async def get_pod(self, namespace: str, name: str) -> Body:
        """The Pod, live. Raises `NotFoundError`."""
        ...

    async def create_pod(self, body: Mapping[str, Any]) -> Body:
        """Create. Raises `AlreadyExistsError`, `RefusedError` (quota, admission), `NotFoundError` (no namespace)."""
        ...

    async def delete_pod(self, namespace: str, name: str, uid: str, grace_seconds: int | None = None) -> Body | None:
        """Delete this very Pod; answers it as it is now, or None if it is gone. Raises as `delete_job` does."""
        ...

    async def get_config_map(self, namespace: str, name: str) -> Body:
        """Raises `NotFoundError`."""
        ...

    async def create_config_map(self, body: Mapping[str, Any]) -> Body:
        """Create. Raises as `create_pod` does."""
        ...

    async def get_claim(self, namespace: str, name: str) -> Body:
        """The PersistentVolumeClaim. Raises `NotFoundError`."""
        ...

    async def create_claim(self, body: Mapping[str, Any]) -> Body:
        """Create. Raises as `create_pod` does."""
        ...

    async def create_event(self, body: Mapping[str, Any]) -> None:
        """Create. Raises `AlreadyExistsError` when it was told before."""
        ...

    async def list_events(self, namespace: str, uid: str) -> list[Body]:
        """The events about the object with this UID."""
        ...

    async def get_lease(self, namespace: str, name: str) -> Body:
        """Raises `NotFoundError`."""
        ...

    async def create_lease(self, body: Mapping[str, Any]) -> Body:
        """Raises `AlreadyExistsError`."""
        ...

    async def put_lease(self, body: Body) -> Body:
        """Replace. `metadata.resourceVersion` is a precondition: raises `ConflictError`, `NotFoundError`."""
        ...
