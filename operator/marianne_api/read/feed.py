"""One identity's watch over one scope, shared by all its readers."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from typing import Final

from marianne_api.read.job_feed import JobFeed
from marianne_api.read.roster import Roster
from marianne_api.read.table_watch import Event, Listing, OutdatedError, Scope, list_rows, watch_rows
from marianne_api.read.timing import Timing
from marianne_api.read.turn import Turn
from marianne_api.still_allowed import must_still
from marianne_client.connection import Connection
from marianne_client.errors import ApiError, UnreachableError
from marianne_client.identity import JobId

TRY_AGAIN: Final = frozenset({408, 429})
"""Refusals that say nothing about the identity."""
READS_AT_ONCE: Final = 16
"""Of single jobs, for all identities: a burst of new connections would cost more than the wait for an open one."""


class Feed:
    """Begins with `start`. It lasts until it is closed, or `ended` says why the API server will not go on with it.

    `trouble` is what is wrong as long as the API server cannot be reached: what `roster` holds is old then.
    """

    def __init__(
        self, connection: Connection, scope: Scope, timing: Timing, reads: asyncio.Semaphore | None = None
    ) -> None:
        self.scope, self.timing = scope, timing
        self.roster = Roster()
        self.turn = Turn()
        self.trouble = ""
        self.ended: ApiError | UnreachableError | None = None
        self.readers = 0
        self._connection = connection
        self._reads = reads or asyncio.Semaphore(READS_AT_ONCE)
        self._jobs: dict[JobId, JobFeed] = {}
        self._fresh = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Returns at once."""
        self._tasks = [asyncio.create_task(self._until_refused(each)) for each in (self._follow, self._keep_asking)]

    def close(self) -> None:
        """Asks nothing any more."""
        for task in self._tasks:
            task.cancel()
        for job in self._jobs.values():
            job.close()

    async def fresh(self) -> Roster:
        """The rows, once they are true; raises `ApiError` and `UnreachableError`."""
        try:
            await asyncio.wait_for(self._fresh.wait(), self.timing.answer)
        except TimeoutError:
            raise UnreachableError(self.trouble or "the API server does not answer in time") from None
        if self.ended is not None:
            raise self.ended
        return self.roster

    @contextlib.contextmanager
    def following(self, job: JobId, job_id: str) -> Iterator[JobFeed]:
        """The feed of one job, the same for all who follow it; `job_id` is what this server calls it."""
        followed = self._jobs.get(job)
        if followed is None:
            followed = self._jobs[job] = JobFeed(self._connection, job, job_id, self.timing, self._reads)
        followed.readers += 1
        try:
            yield followed
        finally:
            followed.readers -= 1
            if followed.readers == 0:
                followed.close()
                self._jobs.pop(job)

    async def _until_refused(self, does: Callable[[], Awaitable[None]]) -> None:
        try:
            await does()
        except ApiError as error:
            self._end(error)
        except Exception as error:  # a fault of ours; readers must never take a dead watch for silence
            self._end(UnreachableError(f"{type(error).__name__}: {error}"))
            raise

    def _end(self, error: ApiError | UnreachableError) -> None:
        self.ended = error
        self._fresh.set()
        self._tell_all()
        self.close()

    def _tell_all(self) -> None:
        self.turn.pass_on()
        for job in self._jobs.values():
            job.tell(self.trouble, self.ended)

    async def _follow(self) -> None:
        pause = self.timing.retry
        while True:
            try:
                listing = await list_rows(self._connection, self.scope)
                self._listed(listing)
                pause = self.timing.retry
                await self._watch(listing)
            except OutdatedError:
                continue
            except ApiError as error:
                if error.status not in TRY_AGAIN:
                    raise
                self._troubled(error.message)
            except UnreachableError as error:
                self._troubled(str(error))
            await asyncio.sleep(pause)
            pause = min(2 * pause, self.timing.retry_at_most)

    async def _watch(self, listing: Listing) -> None:
        """A watch that ends by itself is gone on with from where it stands."""
        while True:
            async for event in watch_rows(self._connection, self.scope, listing, self.roster.version):
                self._heard(event)

    def _listed(self, listing: Listing) -> None:
        self.roster.take_over(listing.rows, listing.version)
        self.trouble = ""
        self._fresh.set()
        self.turn.pass_on()
        for job in self._jobs.values():  # rows do not tell what happened to sheets meanwhile
            job.look(self.roster.entry(job.id), again=True)

    def _heard(self, event: Event) -> None:
        if event.row is None:
            self.roster.passed(event.version)
            return
        self.roster.change(event.row, event.version, gone=event.gone)
        self.turn.pass_on()
        if (job := self._jobs.get(event.row.id)) is not None:
            job.look(self.roster.entry(job.id))

    def _troubled(self, why: str) -> None:
        self.trouble = why or "the API server does not answer"
        self._fresh.clear()
        self._tell_all()

    async def _keep_asking(self) -> None:
        while True:
            await asyncio.sleep(self.timing.rights)
            try:
                for verb in ("list", "watch"):
                    await must_still(self._connection, verb, "mariannejobs", self.scope.namespace, group="marianne.dev")
            except UnreachableError:
                continue
