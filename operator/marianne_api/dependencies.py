"""What routes are given: the caller, and what lives as long as the process."""

import contextlib
import time
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Annotated, cast

import httpx
from fastapi import Depends, Path, Request

from marianne_api.authentication import Caller
from marianne_api.limits import StreamSlots, Turns
from marianne_api.settings import ApiSettings
from marianne_client.access import Access
from marianne_client.errors import UnknownIdError
from marianne_client.identity import JobId
from marianne_operator.score.sandbox import Sandbox

RESERVED = "daemon"
"""No job's id: its status route is the conductor's."""


@dataclass(frozen=True, slots=True)
class Times:
    """`now` in seconds since the epoch, `clock` monotonic; `token` is new each time."""

    now: Callable[[], float] = time.time
    clock: Callable[[], float] = time.monotonic
    token: Callable[[], str] = lambda: uuid.uuid4().hex


@dataclass(frozen=True, slots=True)
class AppState:
    """`closing` ends what routers began for the whole process; `readers` gives turns in the `sandbox`."""

    settings: ApiSettings
    access: Access
    client: httpx.AsyncClient
    sandbox: Sandbox
    streams: StreamSlots
    readers: Turns
    times: Times
    closing: contextlib.AsyncExitStack

    def job_id(self, text: str) -> JobId:
        """Raises `UnknownIdError`, also for what this server does not serve."""
        if text == RESERVED:
            raise UnknownIdError(text)
        found = JobId.parse(text, self.settings.bound)
        if self.settings.namespaces and found.namespace not in self.settings.namespaces:
            raise UnknownIdError(text)
        return found

    def name_of(self, job: JobId) -> str:
        """The id that this server's clients use."""
        return job.name if self.settings.bound else str(job)


async def app_state(request: Request) -> AppState:
    """Of this app."""
    return cast(AppState, request.app.state.marianne)


async def caller_of(request: Request) -> Caller:
    """Whom the door let in."""
    return cast(Caller, request.state.caller)


StateDep = Annotated[AppState, Depends(app_state)]
CallerDep = Annotated[Caller, Depends(caller_of)]


async def _job_id(state: StateDep, job_id: Annotated[str, Path()]) -> JobId:
    return state.job_id(job_id)


async def _stream_slot(state: StateDep, caller: CallerDep) -> AsyncIterator[None]:
    """Held until the response has ended; raises `TooManyError` before it begins."""
    with state.streams.slot(caller.username):
        yield


JobIdDep = Annotated[JobId, Depends(_job_id)]
StreamSlotDep = Annotated[None, Depends(_stream_slot)]
