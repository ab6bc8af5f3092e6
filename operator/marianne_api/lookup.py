"""A job of the caller's, or the seed's words for that there is none."""

from typing import Any

from marianne_api.authentication import Caller
from marianne_api.dependencies import AppState
from marianne_api.errors import not_found
from marianne_client import paths
from marianne_client.errors import ApiError
from marianne_client.identity import JobId


async def read_job(state: AppState, caller: Caller, job: JobId) -> dict[str, Any]:
    """The whole object; 404 `Score not found: ID` where there is none."""
    try:
        return await caller.connection.get(paths.job(job.namespace, job.name))
    except ApiError as error:
        if error.status == 404:
            raise not_found(state.name_of(job)) from error
        raise
