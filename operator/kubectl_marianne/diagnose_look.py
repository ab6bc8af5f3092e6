"""What `diagnose` asks the API server, all of it reading; what may not be read is left out and said."""

from collections.abc import Mapping
from typing import Any, Final

from kubectl_marianne.diagnosis import Facts, sheet_that_matters
from kubectl_marianne.fetch import conductor, one_job, pods_of
from kubectl_marianne.session import Session
from marianne_client import paths
from marianne_client.attempts import Attempt, attempts_by_sheet
from marianne_client.errors import ApiError, UnreachableError
from marianne_client.events import newest
from marianne_operator.model.pod import MAIN_CONTAINER

EVENTS: Final = 8
LINES: Final = 12
LONGEST: Final = 2000
"""Bytes of a line of the log."""
FORBIDDEN: Final = 403
Body = Mapping[str, Any]


async def examine(opened: Session, name: str) -> Facts:
    """Raises `ApiError` where the job itself may not be read."""
    job = await one_job(opened, name)
    matters = sheet_that_matters(job)
    attempt = None if matters is None else await _attempt(opened, job, matters["num"])
    return Facts(
        job=job,
        conductor=await conductor(opened),
        now=opened.now(),
        attempt=attempt,
        events=await _events(opened, job, attempt),
        log=[] if matters is None else await _log(opened, job, matters, attempt),
    )


async def _attempt(opened: Session, job: Body, sheet: int) -> Attempt | None:
    try:
        pods = await pods_of(opened, opened.job(job["metadata"]["name"]), sheet)
    except ApiError as error:
        if error.status != FORBIDDEN:
            raise
        return None
    found = attempts_by_sheet(pods, job).get(sheet, [])
    return found[-1] if found else None


async def _events(opened: Session, job: Body, attempt: Attempt | None) -> list[Body] | None:
    meta = job["metadata"]
    uids = [meta["uid"], *([attempt.pod_uid] if attempt is not None else [])]
    told: list[Body] = []
    try:
        for uid in uids:
            listed = await opened.connection.get(
                paths.events(meta["namespace"]), fieldSelector=f"involvedObject.uid={uid}"
            )
            told += listed["items"]
    except ApiError as error:
        if error.status != FORBIDDEN:
            raise
        return None
    return newest(told, frozenset(uids), EVENTS)


async def _log(opened: Session, job: Body, sheet: Body, attempt: Attempt | None) -> list[str]:
    """Of the Pod; where it or its log is gone, what the status has kept of the sheet."""
    if attempt is not None and attempt.started is not None:
        path = paths.pod_log(job["metadata"]["namespace"], attempt.pod)
        try:
            async with opened.connection.lines(
                path, container=MAIN_CONTAINER, tailLines=LINES, longest=LONGEST
            ) as lines:
                return [each async for each in lines]
        except (ApiError, UnreachableError):  # no right, or a kubelet that does not answer
            pass
    kept = (sheet.get(name) or "" for name in ("stdoutTail", "stderrTail"))
    return [each for text in kept for each in text.splitlines()][-LINES:]
