"""One job's versions as they come: a look at it, then a watch from there, and again where that breaks off."""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any, Final

from marianne_client.connection import Connection
from marianne_client.errors import ApiError, UnreachableError
from marianne_client.identity import JobId
from marianne_client.paths import jobs

Job = Mapping[str, Any]
PAUSE_SECONDS: Final = 2.0
SILENCE_SECONDS: Final = 150.0
"""Longer than between two bookmarks; a connection that is silent for so long is dead."""
EXPIRED: Final = 410
PATIENCE: Final = 30
"""Tries in a row: so long may an API server be away, as while it is upgraded, before a wait gives up."""


async def job_versions(
    connection: Connection, job: JobId, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> AsyncGenerator[Job | None, None]:
    """The job as it is, then each change; None where it is not there (any more), and nothing after that.

    Whoever leaves early closes it (`contextlib.aclosing`): a connection is open in it. A namesake that is made after
    the job is another one. Raises `ApiError` for what the API server refuses, and `UnreachableError` at once where it
    never answered, later when it has been away for too long.
    """
    uid: str | None = None
    misses: int | None = None
    while True:
        try:
            async with contextlib.aclosing(_look_and_watch(connection, job)) as versions:
                async for found in versions:
                    misses = 0
                    if found is None or found["metadata"]["uid"] != (uid or found["metadata"]["uid"]):
                        yield None
                        return
                    uid = found["metadata"]["uid"]
                    yield found
        except UnreachableError:
            if misses is None or misses >= PATIENCE:
                raise
            misses += 1
        await sleep(PAUSE_SECONDS)


async def _look_and_watch(connection: Connection, job: JobId) -> AsyncGenerator[Job | None, None]:
    """Ends when the watch does, whatever the reason: the next look tells what was missed."""
    path, selector = jobs(job.namespace), f"metadata.name={job.name}"
    listed = await connection.get(path, fieldSelector=selector)
    found = next(iter(listed["items"]), None)
    yield found
    if found is None:
        return
    since = listed["metadata"]["resourceVersion"]
    query = {"watch": True, "allowWatchBookmarks": True, "fieldSelector": selector, "resourceVersion": since}
    try:
        async with connection.lines(path, idle_seconds=SILENCE_SECONDS, **query) as lines:
            async for line in lines:
                event = json.loads(line)
                if event["type"] == "ERROR":
                    return
                if event["type"] != "BOOKMARK":
                    yield None if event["type"] == "DELETED" else event["object"]
    except ApiError as error:
        if error.status != EXPIRED:
            raise
