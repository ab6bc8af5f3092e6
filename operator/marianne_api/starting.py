"""From the seed's request to a MarianneJob."""

import re
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request, Response
from starlette.exceptions import HTTPException

from marianne_api.authentication import Caller
from marianne_api.conductor import somebody_conducts
from marianne_api.dependencies import RESERVED, AppState
from marianne_api.idempotency import LONGEST_KEY, Once
from marianne_api.logs import record_write
from marianne_api.models import StartJobRequest, StartJobResponse
from marianne_api.preferences import RECORDED, may_wait
from marianne_client import paths
from marianne_client.errors import ApiError, UnknownIdError
from marianne_client.identity import NAME, JobId
from marianne_client.submission import WorkspaceError, job_body, slug
from marianne_operator.model.names import claim_name
from marianne_operator.score.refused import ScoreRefusedError

INVALID: Final = "Invalid job configuration"
NO_SUCH_FILE: Final = "Configuration file not found"
CONFIG_KEY: Final = re.compile(r"[A-Za-z0-9._-]{1,247}\.ya?ml")
ACCEPTED: Final = "accepted"


class ConfigurationError(ValueError):
    """A 400: why nothing can be started with this."""


@dataclass(frozen=True, slots=True)
class Score:
    """`text` is null where the job refers to a ConfigMap's key."""

    name: str
    total_sheets: int
    text: str | None
    key_ref: dict[str, str] | None


async def start(
    state: AppState, caller: Caller, request: Request, response: Response, asked: StartJobRequest
) -> StartJobResponse:
    """Create the job, or find the one that this very request made before. One code path for all routes that start."""
    try:
        namespace = _namespace(state, asked)
        once = _once(request, caller, asked)
        score = await _score(state, caller, namespace, asked)
        body = _body(namespace, asked, score, once)
    except (ConfigurationError, WorkspaceError, ScoreRefusedError) as error:
        raise HTTPException(400, f"{INVALID}: {error}") from error
    conducted = await somebody_conducts(state, caller, may_wait=may_wait(request))
    job, new = await _create(caller, body, once)
    made = JobId(namespace, job["metadata"]["name"])
    if new:
        record_write(request, caller, "create", made, job["metadata"]["uid"])
    if not conducted:
        response.status_code = 202
    return StartJobResponse(
        success=True,
        job_id=state.name_of(made),
        job_name=score.name,
        status=ACCEPTED,
        workspace=asked.workspace or claim_name(made.name),
        total_sheets=score.total_sheets,
        pid=None,
        message=f"Job {score.name} started successfully" if conducted else f"Job {score.name} {RECORDED}",
        via_daemon=conducted,
    )


def config_source(asked: StartJobRequest) -> tuple[str, str] | None:
    """(ConfigMap, key), or None for inline text; raises `ConfigurationError` for both, neither, and no such path."""
    if not asked.config_content and not asked.config_path:
        raise ConfigurationError("Must provide either config_content or config_path")
    if asked.config_content and asked.config_path:
        raise ConfigurationError("Cannot provide both config_content and config_path")
    if not asked.config_path:
        return None
    name, _, key = asked.config_path.partition("/")
    if NAME.fullmatch(name) is None or CONFIG_KEY.fullmatch(key) is None or ".." in asked.config_path:
        raise ConfigurationError("config_path is configmap/key.yaml")
    return name, key


def _namespace(state: AppState, asked: StartJobRequest) -> str:
    namespace = asked.namespace or state.settings.bound or state.access.namespace
    try:
        JobId.of(namespace, asked.name or "any")
    except UnknownIdError:
        raise ConfigurationError("name and namespace are lower-case letters, digits and '-'") from None
    if state.settings.namespaces and namespace not in state.settings.namespaces:
        raise ConfigurationError(f"namespace {namespace} is not served here")
    if asked.name == RESERVED:
        raise ConfigurationError(f"no job is named {RESERVED}: its id is the conductor's")
    return namespace


def _once(request: Request, caller: Caller, asked: StartJobRequest) -> Once | None:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not 1 <= len(key) <= LONGEST_KEY:
        raise ConfigurationError(f"Idempotency-Key has 1 to {LONGEST_KEY} characters")
    return Once.of(key, caller.username, asked)


async def _score(state: AppState, caller: Caller, namespace: str, asked: StartJobRequest) -> Score:
    """Compiled as the operator will, so that a bad one is refused before anything is made of it."""
    source = config_source(asked)
    if source is None:
        text, key_ref = asked.config_content or "", None
    else:
        text, key_ref = await _read_config(caller, namespace, *source), {"name": source[0], "key": source[1]}
    try:
        async with state.readers.turn(caller.username):
            compiled = await state.sandbox.compile(text)
    except OSError as error:
        raise HTTPException(503, "Scores cannot be read now") from error
    return Score(compiled["name"], compiled["total_sheets"], None if key_ref else text, key_ref)


async def _read_config(caller: Caller, namespace: str, name: str, key: str) -> str:
    try:
        found = await caller.connection.get(paths.config_map(namespace, name))
    except ApiError as error:
        if error.status == 404:
            raise HTTPException(404, f"{NO_SUCH_FILE}: no ConfigMap {name} in {namespace}") from error
        raise
    text = (found.get("data") or {}).get(key)
    if text is None:
        raise HTTPException(404, f"{NO_SUCH_FILE}: ConfigMap {name} has no key {key}")
    return str(text)


def _body(namespace: str, asked: StartJobRequest, score: Score, once: Once | None) -> dict[str, Any]:
    if (asked.workspace or "").startswith("/"):
        raise ConfigurationError("workspace is a PersistentVolumeClaim, or claim/folder: there are no absolute paths")
    name = asked.name or (once.name if once else None)
    return job_body(
        score.text,
        namespace=namespace,
        name=name,
        generate_name=f"{slug(score.name)}-",
        score_from=score.key_ref,
        workspace=asked.workspace or None,
        start_sheet=asked.start_sheet,
        self_healing=asked.self_healing,
        annotations=once.annotations() if once else None,
    )


async def _create(caller: Caller, body: dict[str, Any], once: Once | None) -> tuple[dict[str, Any], bool]:
    """(job, was it made just now)."""
    namespace = body["metadata"]["namespace"]
    try:
        return await caller.connection.create(paths.jobs(namespace), body), True
    except ApiError as error:
        if error.status == 422:
            raise HTTPException(400, f"{INVALID}: {error.message}") from error
        if error.reason != "AlreadyExists" or once is None:
            raise
    held = await caller.connection.get(paths.job(namespace, body["metadata"]["name"]))
    if not once.made(held):
        raise HTTPException(409, "This Idempotency-Key or name was used for another request")
    return held, False
