"""Reading jobs: the list comes from the hub, one job from the API server, each time with the caller's own rights."""

import contextlib
from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query
from starlette.exceptions import HTTPException

from marianne_api.authentication import Caller
from marianne_api.dependencies import CallerDep, JobIdDep, StateDep
from marianne_api.lookup import read_job
from marianne_api.read.access import HubDep, ScopeDep
from marianne_api.read.compiled import read_compiled
from marianne_api.read.detail import job_detail, job_state, sheet_summary
from marianne_api.read.graph import graph, movement_of
from marianne_api.read.listing import Sort, Wanted, item, select
from marianne_api.read.models import JobDetail, JobEvents, JobGraph, JobList, JobState, SheetPage
from marianne_client import paths
from marianne_client.errors import ApiError
from marianne_client.events import event, newest
from marianne_client.identity import NAME, JobId
from marianne_client.words import JobWord
from marianne_operator.model.status import SheetState

router = APIRouter(prefix="/api/jobs", tags=["Jobs"])
Offset = Annotated[int, Query(ge=0, le=1_000_000)]
Limit = Annotated[int, Query(ge=1, le=500)]
Body = dict[str, Any]
UNKNOWN: Final = "the conductor has not accepted it"
UNREADABLE: Final = "its ConfigMap holds something else"


async def _wanted(
    status: JobWord | None = None,
    q: Annotated[str, Query(max_length=253, description="Part of a namespace, name or score")] = "",
    waiting: Annotated[str, Query(max_length=64, description="A reason, or `any`")] = "",
    sort: Sort = "-created_at",
    offset: Offset = 0,
    limit: Limit = 50,
) -> Wanted:
    return Wanted(status=status, search=q, waiting=waiting, sort=sort, offset=offset, limit=limit)


@router.get("")
async def list_jobs(
    state: StateDep, caller: CallerDep, hub: HubDep, scope: ScopeDep, wanted: Annotated[Wanted, Depends(_wanted)]
) -> JobList:
    """Jobs that the caller may list."""
    with hub.reading(caller, scope) as feed:
        roster = await feed.fresh()
        page, total = select(roster.rows, wanted)
        version = str(roster.version)
    items = [item(row, state.name_of(row.id)) for row in page]
    return JobList.model_validate(
        {"jobs": items, "total": total, "offset": wanted.offset, "limit": wanted.limit, "version": version}
    )


@router.get("/{job_id}")
async def get_job(job: JobIdDep, caller: CallerDep, state: StateDep) -> JobDetail:
    """One job and its sheets."""
    return JobDetail.model_validate(job_detail(await read_job(state, caller, job), state.name_of(job)))


@router.get("/{job_id}/status")
async def get_job_status(job: JobIdDep, caller: CallerDep, state: StateDep) -> JobState:
    """What changes while it runs."""
    return JobState.model_validate(job_state(await read_job(state, caller, job), state.name_of(job)))


@router.get("/{job_id}/sheets")
async def list_sheets(
    job: JobIdDep,
    caller: CallerDep,
    state: StateDep,
    status: SheetState | None = None,
    movement: Annotated[int | None, Query(ge=1)] = None,
    offset: Offset = 0,
    limit: Limit = 100,
) -> SheetPage:
    """A page of the sheets."""
    found = await read_job(state, caller, job)
    items = (found.get("status") or {}).get("sheets") or []
    if status is not None:
        items = [each for each in items if each["state"] == status]
    if movement is not None:
        members = movement_of(await _compiled(state, caller, job, found), movement)
        items = [each for each in items if each["num"] in members]
    page = [sheet_summary(each) for each in items[offset : offset + limit]]
    return SheetPage.model_validate(
        {"job_id": state.name_of(job), "sheets": page, "total": len(items), "offset": offset, "limit": limit}
    )


@router.get("/{job_id}/graph")
async def get_graph(job: JobIdDep, caller: CallerDep, state: StateDep) -> JobGraph:
    """Every sheet, what it waits for, and how far it is; sheets that have not started are in it."""
    found = await read_job(state, caller, job)
    compiled = await _compiled(state, caller, job, found)
    try:
        drawn = graph(compiled, (found.get("status") or {}).get("sheets") or [])
    except ValueError as error:
        raise _uncompiled(state, job, UNREADABLE) from error
    return JobGraph.model_validate({"job_id": state.name_of(job), **drawn})


@router.get("/{job_id}/events")
@router.get("/{job_id}/observer", name="observe_job", operation_id="observe_job")
async def list_events(
    job: JobIdDep, caller: CallerDep, state: StateDep, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> JobEvents:
    """What Kubernetes tells about the job and its Pods; the newest last."""
    found = await read_job(state, caller, job)
    sheets = (found.get("status") or {}).get("sheets") or []
    uids = frozenset({found["metadata"]["uid"], *(each["podUid"] for each in sheets if each.get("podUid"))})
    told: list[Mapping[str, Any]] = []
    async with contextlib.aclosing(caller.connection.pages(paths.events(job.namespace))) as pages:
        async for page in pages:  # a namespace may hold very many, of which few are of this job
            told = newest([*told, *page], uids, limit)
    events = [event(each) for each in told]
    return JobEvents.model_validate({"job_id": state.name_of(job), "events": events})


async def _compiled(state: StateDep, caller: Caller, job: JobId, found: Body) -> Body:
    """From the job's ConfigMap; raises 404 where there is none yet."""
    name = ((found.get("status") or {}).get("score") or {}).get("configMap") or ""
    if NAME.fullmatch(name) is None:
        raise _uncompiled(state, job, UNKNOWN)
    try:
        held = await caller.connection.get(paths.config_map(job.namespace, name))
        return read_compiled((held.get("data") or {}).get("score.json") or "")
    except ApiError as error:
        if error.status == 404:
            raise _uncompiled(state, job, UNKNOWN) from error
        raise
    except ValueError as error:
        raise _uncompiled(state, job, UNREADABLE) from error


def _uncompiled(state: StateDep, job: JobId, why: str) -> HTTPException:
    return HTTPException(404, f"Score of {state.name_of(job)} not compiled: {why}")
