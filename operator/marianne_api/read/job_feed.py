"""One job's newest state, read once per change for all its streams of one identity."""

import asyncio

from marianne_api.read.roster import Entry
from marianne_api.read.snapshot import Snapshot, between
from marianne_api.read.sse import encoded
from marianne_api.read.timing import Timing
from marianne_api.read.turn import Turn
from marianne_client import paths
from marianne_client.connection import Connection
from marianne_client.errors import ApiError, UnreachableError
from marianne_client.identity import JobId


class JobFeed:
    """Rows do not tell what happens to sheets: whoever watches them says `look`, and the job is read.

    `ended` says why the API server does not show the job any more; `trouble` that it cannot be reached now.
    """

    def __init__(
        self, connection: Connection, job: JobId, job_id: str, timing: Timing, reads: asyncio.Semaphore
    ) -> None:
        self.id, self.job_id, self.timing = job, job_id, timing
        self.turn = Turn()
        self.snapshot: Snapshot | None = None
        self.ended: ApiError | UnreachableError | None = None
        self.trouble = ""
        self.readers = 0
        self._connection, self._reads = connection, reads
        self._entry: Entry | None = None
        self._wanted = asyncio.Event()
        self._wanted.set()
        self._told: tuple[int, int, bytes] = (-1, -1, b"")
        self._task = asyncio.create_task(self._until_fault())

    def close(self) -> None:
        """Asks nothing any more."""
        self._task.cancel()

    async def first(self) -> Snapshot:
        """The state, once it is known; raises `ApiError` and `UnreachableError`."""
        try:
            async with asyncio.timeout(self.timing.answer):
                while (turn := self.turn.next) and self.snapshot is None and self.ended is None:
                    await turn.wait()
        except TimeoutError:
            raise UnreachableError(self.trouble or "the API server does not answer in time") from None
        if self.snapshot is None or self.ended is not None:
            raise self.ended or UnreachableError(self.trouble)
        return self.snapshot

    def look(self, entry: Entry | None, *, again: bool = False) -> None:
        """The job may have changed; `again`: even if its row has not."""
        self._entry = entry
        held = self.snapshot
        if entry is not None and entry.gone and held is not None and held.uid == entry.row.uid:
            self._show(held.deleted(entry.row, entry.version))
        elif again or entry is None or held is None or entry.version > held.version:
            self._wanted.set()

    def tell(self, trouble: str = "", ended: ApiError | UnreachableError | None = None) -> None:
        """What is true of the whole watch is true of this job."""
        self.trouble, self.ended = trouble, ended or self.ended
        self.turn.pass_on()

    def frames(self, before: Snapshot | None, after: Snapshot) -> bytes:
        """What has to be told, encoded once for all who know the same."""
        if before is None:
            return encoded(between(None, after), after.version)
        first, last, told = self._told
        if (first, last) != (before.version, after.version):
            told = encoded(between(before, after), after.version)
            self._told = before.version, after.version, told
        return told

    async def _until_fault(self) -> None:
        try:
            await self._run()
        except Exception as error:  # a fault of ours; readers must never take a dead feed for silence
            self.tell(ended=UnreachableError(f"{type(error).__name__}: {error}"))
            raise

    async def _run(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            try:
                async with self._reads:
                    job = await self._connection.get(paths.job(self.id.namespace, self.id.name))
                self._show(Snapshot.of(job, self.job_id))
            except UnreachableError as error:
                self.tell(trouble=str(error))
                self._wanted.set()
                await asyncio.sleep(self.timing.retry)
            except ApiError as error:
                self._refused(error)
            await asyncio.sleep(self.timing.frame)

    def _refused(self, error: ApiError) -> None:
        if error.status == 404 and self.snapshot is not None:
            row = self._entry.row if self._entry is not None and self._entry.row.uid == self.snapshot.uid else None
            self._show(self.snapshot.deleted(row, self.snapshot.version))
        else:
            self.tell(ended=error)

    def _show(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.trouble = ""
        self.turn.pass_on()
