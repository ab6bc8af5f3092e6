"""The seed's verbs: start, pause, resume, cancel, delete. Each is one write to the MarianneJob."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from marianne_api.authentication import Caller
from marianne_api.conductor import somebody_conducts
from marianne_api.dependencies import AppState, CallerDep, JobIdDep, StateDep
from marianne_api.errors import not_found
from marianne_api.logs import record_write
from marianne_api.lookup import read_job
from marianne_api.models import DeleteJobResponse, JobActionResponse, StartJobRequest, StartJobResponse
from marianne_api.preferences import RECORDED, may_wait
from marianne_api.starting import start
from marianne_client import paths, verbs
from marianne_client.errors import ApiError
from marianne_client.identity import JobId
from marianne_client.verbs import Refusal, Wish

router = APIRouter(prefix="/api/jobs", tags=["Jobs"])
Job = dict[str, Any]
Verb = Callable[[Job], Wish | Refusal]
TRIES = 2
STALE_WRITE = frozenset({409, 422})
"""What a JSON patch answers whose `test` fails, or that met another write."""


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


@router.post("/{job_id}/cancel")
async def cancel_job(
    job: JobIdDep, request: Request, response: Response, state: StateDep, caller: CallerDep
) -> JobActionResponse:
    """End it: running sheets are stopped."""
    return await _act(state, caller, request, response, job, "cancel", verbs.cancel)


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
    state: AppState, caller: Caller, request: Request, response: Response, job: JobId, verb_name: str, verb: Verb
) -> JobActionResponse:
    held = await read_job(state, caller, job)
    wish = _wished(verb(held))
    conducted = await somebody_conducts(state, caller, may_wait=may_wait(request))
    written = await _write(state, caller, job, held, wish, verb)
    record_write(request, caller, verb_name, job, written["metadata"]["uid"])
    response.status_code = 200 if conducted else 202
    return JobActionResponse(
        success=True,
        job_id=state.name_of(job),
        status=verbs.word(written),
        message=wish.message if conducted else f"{wish.message}: {RECORDED}",
        via_daemon=conducted,
    )


def _wished(decided: Wish | Refusal) -> Wish:
    if isinstance(decided, Refusal):
        raise HTTPException(409, decided.message)
    return decided


async def _write(state: AppState, caller: Caller, job: JobId, held: Job, wish: Wish, verb: Verb) -> Job:
    """One more try after another look, as long as it is the same object: a namesake was not meant."""
    uid = held["metadata"]["uid"]
    for remaining in reversed(range(TRIES)):
        try:
            return await caller.connection.patch(paths.job(job.namespace, job.name), wish.operations)
        except ApiError as error:
            if error.status == 404:
                raise not_found(state.name_of(job)) from error
            if error.status not in STALE_WRITE or not remaining:
                raise
        held = await read_job(state, caller, job)
        if held["metadata"]["uid"] != uid:
            raise HTTPException(409, f"Job {state.name_of(job)} was replaced by another of its name meanwhile")
        wish = _wished(verb(held))
    raise AssertionError("the last try returns or raises")
