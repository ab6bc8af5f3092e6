"""Streams of server-sent events."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from starlette.responses import Response, StreamingResponse

from marianne_api.dependencies import AppState, CallerDep, JobIdDep, StateDep, StreamSlotDep
from marianne_api.errors import not_found
from marianne_api.read.access import HubDep, LastEventIdDep, PollIntervalDep, ScopeDep
from marianne_api.read.feed import Feed
from marianne_api.read.job_feed import JobFeed
from marianne_api.read.sse import HEADERS, MEDIA_TYPE
from marianne_api.read.stream import job_stream, jobs_stream
from marianne_api.read.table_watch import Scope
from marianne_api.streaming import Streamed
from marianne_client.errors import ApiError

router = APIRouter(tags=["Streams"])
OPENAPI: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "Server-sent events", "content": {MEDIA_TYPE: {"schema": {"type": "string"}}}}
}
DONE: Final = Response(status_code=204)
"""Tells a browser that nothing follows, or it would come back for ever."""


async def _job_feed(
    job: JobIdDep, caller: CallerDep, state: StateDep, hub: HubDep, _slot: StreamSlotDep
) -> AsyncIterator[JobFeed]:
    """Read until the response has ended. What the API server says against it is heard before it begins."""
    with hub.reading(caller, Scope(job.namespace)) as feed:
        await feed.fresh()
        with feed.following(job, state.name_of(job)) as followed:
            try:
                await followed.first()
            except ApiError as error:
                raise (not_found(state.name_of(job)) if error.status == 404 else error) from error
            yield followed


async def _jobs_feed(caller: CallerDep, hub: HubDep, scope: ScopeDep, _slot: StreamSlotDep) -> AsyncIterator[Feed]:
    with hub.reading(caller, scope) as feed:
        await feed.fresh()
        yield feed


@router.get("/api/jobs/{job_id}/stream", responses=OPENAPI, response_class=StreamingResponse)
async def stream_job(
    feed: Annotated[JobFeed, Depends(_job_feed)], known: LastEventIdDep, _interval: PollIntervalDep, state: StateDep
) -> Response:
    """`job_status`, `sheet`, `job_finished`, `job_deleted`, `heartbeat` and `error`; the first tells the state."""
    held = feed.snapshot
    if held is not None and held.last and held.version == known:
        return DONE
    return Streamed(job_stream(feed, known, _now(state)), MEDIA_TYPE, HEADERS)


@router.get("/api/events/stream", responses=OPENAPI, response_class=StreamingResponse)
async def stream_jobs(
    feed: Annotated[Feed, Depends(_jobs_feed)], known: LastEventIdDep, _interval: PollIntervalDep, state: StateDep
) -> Response:
    """`connected`, then `job` and `job_deleted` for whatever changes; `resync`: read the list again."""
    return Streamed(jobs_stream(feed, known, state.name_of, _now(state)), MEDIA_TYPE, HEADERS)


def _now(state: AppState) -> Callable[[], str]:
    return lambda: datetime.fromtimestamp(state.times.now(), UTC).isoformat(timespec="milliseconds")
