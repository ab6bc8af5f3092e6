"""Pause, resume and cancel: the same steps for one job or many."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from marianne_client import paths
from marianne_client.connection import Connection
from marianne_client.errors import ApiError
from marianne_client.identity import JobId
from marianne_client.obey import Ask, Job, obey
from marianne_client.verbs import Refusal

AT_ONCE: Final = 8


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of the wish for one job; `job` is as the write left it, None where nothing was written."""

    id: JobId
    message: str
    job: Job | None = None
    refused: bool = False

    @property
    def done(self) -> bool:
        """The wish is written."""
        return self.job is not None


async def steer(connection: Connection, jobs: Sequence[JobId], ask: Ask) -> list[Answer]:
    """Each one's answer, in the jobs' order; a refusal of one keeps no other from it."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(job: JobId) -> Answer:
        async with slots:
            return await _answer(connection, job, ask)

    return list(await asyncio.gather(*(one(job) for job in jobs)))


async def _answer(connection: Connection, job: JobId, ask: Ask) -> Answer:
    try:
        said = await obey(connection, job, await connection.get(paths.job(job.namespace, job.name)), ask)
    except ApiError as error:
        return Answer(job, error.message)
    return Answer(job, said.message, refused=True) if isinstance(said, Refusal) else Answer(job, said.message, said.job)
