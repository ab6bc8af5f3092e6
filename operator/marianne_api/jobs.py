"""The seed's verbs, each one write to the MarianneJob: start, pause, resume, cancel, delete. Ours: restart, approve."""

from typing import Annotated, TypeVar

from fastapi import APIRouter, Path, Request, Response
from starlette.exceptions import HTTPException

from marianne_api.authentication import Caller
from marianne_api.conductor import somebody_conducts
from marianne_api.dependencies import AppState, CallerDep, JobIdDep, StateDep
from marianne_api.errors import not_found
from marianne_api.logs import record_write
from marianne_api.lookup import read_job
from marianne_api.models import (
    ApproveSheetRequest,
    DeleteJobResponse,
    JobActionResponse,
    RestartJobRequest,
    StartJobRequest,
    StartJobResponse,
)
from marianne_api.preferences import RECORDED, may_wait
from marianne_api.starting import start
from marianne_client import paths, verbs
from marianne_client.approving import decide
from marianne_client.errors import ApiError
from marianne_client.identity import JobId
from marianne_client.obey import Ask, obey
from marianne_client.verbs import Refusal

NOTHING_MORE = RestartJobRequest()
Decided = TypeVar("Decided")
router = APIRouter(prefix="/api/jobs", tags=["Jobs"])


@router.post("")
async def start_job(
    asked: StartJobRequest, request: Request, response: Response, state: StateDep, caller: CallerDep
) -> StartJobResponse:
    """Start a score that is given inline, or lies in a ConfigMap. With `Idempotency-Key` it may be asked again."""
    return await start(state, caller, request, response, asked)


@router.post("/{job_id}/pause")
async def pause_job(
    job: JobIdDep, request: Request, response: Response, state: StateDep, caller: CallerDep
) -> JobActionResponse:
    """No further sheet starts; what runs runs to its end."""
    return await _act(state, caller, request, response, job, "pause", verbs.pause)


@router.post("/{job_id}/resume")
async def resume_job(
    job: JobIdDep, request: Request, response: Response, state: StateDep, caller: CallerDep
) -> JobActionResponse:
    """Go on; a failed job begins anew with what is not completed."""
    token = state.times.token()
    return await _act(state, caller, request, response, job, "resume", lambda held: verbs.resume(held, token))


@router.post("/{job_id}/restart")
async def restart_job(
    job: JobIdDep,
    request: Request,
    response: Response,
    state: StateDep,
    caller: CallerDep,
    asked: RestartJobRequest = NOTHING_MORE,
) -> JobActionResponse:
    """Begin the next run: what failed, from a sheet on, or all."""
    sheet = {} if asked.from_sheet is None else {"fromSheet": asked.from_sheet}
    wanted = {"token": state.times.token(), "scope": asked.scope, "mode": asked.mode, **sheet}
    return await _act(state, caller, request, response, job, "restart", lambda held: verbs.restart(held, wanted))


@router.post("/{job_id}/cancel")
async def cancel_job(
    job: JobIdDep, request: Request, response: Response, state: StateDep, caller: CallerDep
) -> JobActionResponse:
    """End it: running sheets are stopped."""
    return await _act(state, caller, request, response, job, "cancel", verbs.cancel)


@router.post("/{job_id}/sheets/{sheet_num}/approve")
async def approve_sheet(
    job: JobIdDep,
    sheet_num: Annotated[int, Path()],
    request: Request,
    response: Response,
    state: StateDep,
    caller: CallerDep,
    asked: ApproveSheetRequest | None = None,
) -> JobActionResponse:
    """Decide about a sheet that waits for a person."""
    decision, token = (asked or ApproveSheetRequest()).decision, state.times.token()
    return await _act(
        state, caller, request, response, job, "approve", lambda held: decide(held, sheet_num, decision, token)
    )


@router.delete("/{job_id}")
async def delete_job(
    job: JobIdDep, request: Request, response: Response, state: StateDep, caller: CallerDep
) -> DeleteJobResponse:
    """Only what has ended; the results stay in the workspace."""
    name = state.name_of(job)
    held = await read_job(state, caller, job)
    refusal = verbs.deletable(held)
    if refusal is not None:
        raise HTTPException(404, f"Score not found: {name} ({refusal.message})")
    conducted = await somebody_conducts(state, caller, may_wait=may_wait(request))
    uid = held["metadata"]["uid"]
    try:
        await caller.connection.delete(paths.job(job.namespace, job.name), uid=uid)
    except ApiError as error:
        if error.status == 404:
            raise not_found(name) from error
        raise
    record_write(request, caller, "delete", job, uid)
    response.status_code = 200 if conducted else 202
    return DeleteJobResponse(success=True, job_id=name, message=f"Job {name} deleted successfully")


async def _act(
    state: AppState, caller: Caller, request: Request, response: Response, job: JobId, verb_name: str, verb: Ask
) -> JobActionResponse:
    name, held = state.name_of(job), await read_job(state, caller, job)
    _allowed(verb(held))
    conducted = await somebody_conducts(state, caller, may_wait=may_wait(request))
    try:
        answer = await obey(caller.connection, job, held, verb)
    except ApiError as error:
        if error.status == 404:
            raise not_found(name) from error
        raise
    written = _allowed(answer)
    record_write(request, caller, verb_name, job, written.job["metadata"]["uid"])
    response.status_code = 200 if conducted else 202
    return JobActionResponse(
        success=True,
        job_id=name,
        status=verbs.word(written.job),
        message=written.message if conducted else f"{written.message}: {RECORDED}",
        via_daemon=conducted,
    )


def _allowed(decided: Decided | Refusal) -> Decided:
    if isinstance(decided, Refusal):
        raise HTTPException(409, decided.message)
    return decided
