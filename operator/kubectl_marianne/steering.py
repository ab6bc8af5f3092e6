"""Pause, resume and cancel: the same steps for one job or many."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from marianne_client import paths
from marianne_client.connection import Connection
from marianne_client.errors import ApiError
from marianne_client.identity import JobId
from marianne_client.verbs import Refusal, Wish

Job = Mapping[str, Any]
Ask = Callable[[Job], Wish | Refusal]
AT_ONCE: Final = 8
CHANGED: Final = (409, 422)
"""Somebody wrote in between, or the name is another job's by now: look again, once."""


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
    path = paths.job(job.namespace, job.name)
    try:
        for _ in range(2):
            seen = await connection.get(path)
            wish = ask(seen)
            if isinstance(wish, Refusal):
                return Answer(job, wish.message, refused=True)
            try:
                return Answer(job, wish.message, await connection.patch(path, wish.operations))
            except ApiError as error:
                if error.status not in CHANGED:
                    raise
                last = error
        return Answer(job, last.message)
    except ApiError as error:
        return Answer(job, error.message)
