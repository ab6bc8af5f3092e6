"""One job's versions as they come."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Mapping
from typing import Any

from marianne_client.connection import Connection
from marianne_client.identity import JobId
from marianne_client.paths import jobs
from marianne_client.watching import Sleep, events, renewed

Job = Mapping[str, Any]


async def job_versions(
    connection: Connection, job: JobId, sleep: Sleep = asyncio.sleep
) -> AsyncGenerator[Job | None, None]:
    """The job as it is, then each change; None where it is not there (any more), and nothing after that.

    Whoever leaves early closes it (`contextlib.aclosing`): a connection is open in it. A namesake that is made after
    the job is another one. Raises what `renewed` raises.
    """
    uid: str | None = None
    async with contextlib.aclosing(renewed(lambda: _look_and_watch(connection, job), sleep)) as versions:
        async for found in versions:
            if found is None or found["metadata"]["uid"] != (uid or found["metadata"]["uid"]):
                yield None
                return
            uid = found["metadata"]["uid"]
            yield found


async def _look_and_watch(connection: Connection, job: JobId) -> AsyncGenerator[Job | None, None]:
    path, selector = jobs(job.namespace), f"metadata.name={job.name}"
    listed = await connection.get(path, fieldSelector=selector)
    found = next(iter(listed["items"]), None)
    yield found
    if found is None:
        return
    version = listed["metadata"]["resourceVersion"]
    async with contextlib.aclosing(events(connection, path, version, fieldSelector=selector)) as changes:
        async for kind, changed in changes:
            yield None if kind == "DELETED" else changed
