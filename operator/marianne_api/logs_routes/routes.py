"""Routes of logs. Every one holds a stream's slot: they last, and cost a connection to the API server each."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from starlette.exceptions import HTTPException
from starlette.responses import StreamingResponse

from marianne_api.authentication import Caller
from marianne_api.dependencies import AppState, CallerDep, JobIdDep, StateDep, StreamSlotDep
from marianne_api.logs_routes import static
from marianne_api.logs_routes.asked import TailDep, WantedDep
from marianne_api.logs_routes.events import log_events
from marianne_api.logs_routes.models import LogInfo
from marianne_api.logs_routes.rights import may_read_logs
from marianne_api.lookup import read_job
from marianne_api.read.sse import HEADERS, MEDIA_TYPE
from marianne_api.streaming import Streamed
from marianne_client.follow import JobNow, UnknownSheetError, Wanted, follow, read
from marianne_client.identity import JobId

router = APIRouter(prefix="/api/jobs/{job_id}/logs", tags=["Logs"])
AT_ONCE: Final = 8
"""Logs that one stream follows at a time: each is a connection, and the pool is everybody's."""
TEXT: Final = "text/plain; charset=utf-8"


def _described(kind: str, meaning: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"description": meaning, "content": {kind: {"schema": {"type": "string"}}}}}


@router.get("", responses=_described(MEDIA_TYPE, "Server-sent events"), response_class=StreamingResponse)
async def stream_logs(
    job: JobIdDep,
    state: StateDep,
    caller: CallerDep,
    wanted: TailDep,
    _slot: StreamSlotDep,
    go_on: Annotated[bool, Query(alias="follow", description="Go on until the sheets are settled")] = True,
) -> Streamed:
    """`log` for each line, from attempt to attempt, also before there is a Pod; then `log_complete`, or `error`.

    `source` is `tail` where the Pod has gone and the status still has the end of the output.
    """
    await _job(state, caller, job, wanted)
    reading = follow(caller.connection, job, wanted, AT_ONCE) if go_on else read(caller.connection, job, wanted)
    events = log_events(state.name_of(job), reading, may_read_logs(caller.connection, job.namespace))
    return Streamed(events, MEDIA_TYPE, HEADERS)


@router.get("/static", responses=_described(TEXT, "An attachment"), response_class=StreamingResponse)
async def download_logs(
    job: JobIdDep, state: StateDep, caller: CallerDep, wanted: WantedDep, _slot: StreamSlotDep
) -> Streamed:
    """What is there now as a file, after five lines that say of what."""
    found = await _job(state, caller, job, wanted)
    lines = read(caller.connection, job, wanted)
    first = await static.begun(lines)
    now = datetime.fromtimestamp(state.times.now(), UTC).isoformat(timespec="seconds")
    headers = {"Content-Disposition": f'attachment; filename="{static.file_name(job.name)}"'}
    top = static.head(state.name_of(job), found, now)
    return Streamed(static.text(top, first, lines), TEXT, headers)


@router.get("/info")
async def describe_logs(
    job: JobIdDep, state: StateDep, caller: CallerDep, wanted: WantedDep, _slot: StreamSlotDep
) -> LogInfo:
    """How much `static` would give, and how old it is. The logs are read for it."""
    await _job(state, caller, job, wanted)
    lines = read(caller.connection, job, wanted)
    return await static.count(state.name_of(job), job.name, await static.begun(lines), lines)


async def _job(state: AppState, caller: Caller, job: JobId, wanted: Wanted) -> dict[str, Any]:
    """404 before anything is begun, for no such job and no such sheet."""
    found = await read_job(state, caller, job)
    now = JobNow.of(found)
    if now.sheets:
        try:
            wanted.of(now)
        except UnknownSheetError as error:
            raise HTTPException(
                404, f"Sheet {min(wanted.sheets or ())} not found in job {state.name_of(job)}"
            ) from error
    return found
