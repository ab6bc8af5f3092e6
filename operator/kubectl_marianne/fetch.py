"""What the reading verbs ask the API server for."""

import json
import shlex
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from kubectl_marianne.options import Options
from kubectl_marianne.output import Screen
from kubectl_marianne.reading import Look, Score, status
from kubectl_marianne.session import Session
from marianne_client import paths
from marianne_client.conductor import ConductorStatus, conductor_status
from marianne_client.connection import Connection
from marianne_client.errors import ApiError
from marianne_client.identity import JobId
from marianne_client.table import JobRow, rows

Body = dict[str, Any]
PAGE: Final = 500
LEASE: Final = "marianne-operator"
FORBIDDEN: Final = 403
NOT_FOUND: Final = 404


async def job_rows(session: Session) -> tuple[list[JobRow], str]:
    """All jobs of the scope, without their bodies, and the version from which to watch."""
    found: list[JobRow] = []
    version = ""
    async for page in _pages(session, table=True):
        found += rows(page)
        version = page["metadata"]["resourceVersion"]
    return found, version


async def jobs(session: Session) -> list[Mapping[str, Any]]:
    """All jobs of the scope, whole: for `-o json` only."""
    kind = {"apiVersion": "marianne.dev/v1alpha1", "kind": "MarianneJob"}
    return [{**kind, **item} async for page in _pages(session, table=False) for item in page["items"]]


async def _pages(session: Session, *, table: bool) -> AsyncIterator[Body]:
    path = paths.jobs(session.scope)
    query = selection(session.options)
    ask = session.connection.table if table else session.connection.get
    token = ""
    while True:
        page = await ask(path, limit=PAGE, **query, **({"continue": token} if token else {}))
        yield page
        token = page["metadata"].get("continue") or ""
        if not token:
            return


def selection(options: Options) -> dict[str, str]:
    """`-l` as the API server takes it."""
    return {"labelSelector": options.selector} if options.selector else {}


async def one_job(session: Session, name: str) -> Body:
    """As it stands in the cluster."""
    found = session.job(name)
    return await session.connection.get(paths.job(found.namespace, found.name))


async def score_of(connection: Connection, job: Mapping[str, Any]) -> Score:
    """What was compiled for it; nothing where the reader may not see that, for it only adds names."""
    told = status(job).get("score")
    if not told:
        return Score({})
    try:
        held = await connection.get(paths.config_map(job["metadata"]["namespace"], told["configMap"]))
    except ApiError:
        return Score({})
    return Score(json.loads(held["data"]["score.json"]))


async def pods_of(session: Session, job: JobId, sheet: int | None = None) -> list[Body]:
    """The job's Pods that are still there."""
    labels = f"marianne.dev/job={job.name}" + (f",marianne.dev/sheet={sheet}" if sheet else "")
    listed = await session.connection.get(paths.pods(job.namespace), labelSelector=labels)
    found: list[Body] = listed["items"]
    return found


async def conductor(session: Session) -> ConductorStatus | str:
    """From the Lease; not every user may read it, and that is no error."""
    try:
        lease = await session.connection.get(paths.lease(session.options.operator_namespace, LEASE))
    except ApiError as error:
        if error.status == NOT_FOUND:
            return f"not running in {session.options.operator_namespace}"
        return "unknown: no right to read its Lease" if error.status == FORBIDDEN else f"unknown: {error.message}"
    return conductor_status(lease, session.now().timestamp()) or "not running: jobs wait until it is back"


def look(session: Session, screen: Screen) -> Look:
    """For a block that leaves the last line of the screen to the prompt."""
    options = session.options
    flags = [("-n", options.namespace), ("--context", options.context), ("--kubeconfig", options.kubeconfig)]
    return Look(
        signs=screen.signs,
        width=screen.width,
        height=None if screen.height is None else screen.height - 1,
        now=session.now(),
        wide=options.output == "wide",
        flags="".join(f" {flag} {shlex.quote(value)}" for flag, value in flags if value),
    )
