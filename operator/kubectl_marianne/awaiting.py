"""Wait for one job or several, with a deadline."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from kubectl_marianne.verdict import Goal, Verdict, gone, verdict
from marianne_client import paths
from marianne_client.connection import Connection
from marianne_client.identity import JobId
from marianne_client.job_versions import job_versions

Tell = Callable[[JobId, Verdict], None]


async def await_jobs(
    connection: Connection, jobs: Sequence[JobId], goal: Goal, timeout_seconds: float | None, tell: Tell
) -> list[Verdict]:
    """A verdict on each, in their order, told as soon as it is known.

    Raises `TimeoutError` when the deadline passes first; what was told by then is true.
    """

    async def one(job: JobId) -> Verdict:
        found = await await_job(connection, job, goal)
        tell(job, found)
        return found

    async with asyncio.timeout(timeout_seconds):
        return list(await asyncio.gather(*(one(job) for job in jobs)))


async def await_job(connection: Connection, job: JobId, goal: Goal) -> Verdict:
    """Returns when there is nothing left to wait for; for what never was there, raises the API server's `ApiError`."""
    seen = False
    async with contextlib.aclosing(job_versions(connection, job)) as versions:
        async for version in versions:
            if version is None and not seen:
                await connection.get(paths.job(job.namespace, job.name))
            seen = True
            found = gone() if version is None else verdict(version, goal)
            if found is not None:
                return found
    raise AssertionError("a job's versions end only with its end")
