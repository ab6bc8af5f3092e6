"""The conductor, as its Lease tells of it, read with the caller's own rights."""

from dataclasses import asdict, dataclass
from typing import Any

from fastapi import APIRouter
from starlette.exceptions import HTTPException

from marianne_api.authentication import Caller
from marianne_api.dependencies import AppState, CallerDep, StateDep
from marianne_api.errors import UNAVAILABLE
from marianne_api.models import DaemonStatus, DisconnectedStatus
from marianne_client import paths
from marianne_client.conductor import NOT_RUNNING, conducting, conductor_status
from marianne_client.errors import ApiError, UnreachableError

router = APIRouter(prefix="/api/jobs/daemon", tags=["Daemon"])


@dataclass(frozen=True, slots=True)
class Unknown:
    """The caller may not read the Lease; `why` in the API server's words."""

    why: str


async def read_lease(state: AppState, caller: Caller) -> dict[str, Any] | Unknown | None:
    """None when there is none. Raises `UnreachableError`."""
    try:
        return await caller.connection.get(paths.lease(state.settings.lease_namespace, state.settings.lease_name))
    except ApiError as error:
        return None if error.status == 404 else Unknown(error.message)


async def somebody_conducts(state: AppState, caller: Caller, *, may_wait: bool) -> bool:
    """False where nobody does and that is no matter (`may_wait`), else a 503: then nothing is written.

    Who may not see the Lease is not kept from writing.
    """
    lease = await read_lease(state, caller)
    if isinstance(lease, Unknown) or conducting(lease, state.times.now()):
        return True
    if not may_wait:
        raise HTTPException(503, UNAVAILABLE)
    return False


@router.get("/status")
async def daemon_status(state: StateDep, caller: CallerDep) -> DaemonStatus | DisconnectedStatus:
    """Is there a conductor, and what does it do? Always 200."""
    try:
        lease = await read_lease(state, caller)
    except UnreachableError:
        return DisconnectedStatus(message="The API server does not answer")
    if isinstance(lease, Unknown):
        return DisconnectedStatus(message=f"The conductor's state is unknown: {lease.why}")
    found = conductor_status(lease, state.times.now())
    if found is None:
        return DisconnectedStatus(message=NOT_RUNNING)
    return DaemonStatus.model_validate(asdict(found))
