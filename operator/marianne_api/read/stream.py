"""What a stream sends, and when: at once, then never more than one frame in a while, and a heartbeat in silence."""

import asyncio
from collections.abc import AsyncGenerator, Callable

from marianne_api.read.feed import Feed
from marianne_api.read.job_feed import JobFeed
from marianne_api.read.listing import item
from marianne_api.read.roster import Entry
from marianne_api.read.snapshot import Snapshot
from marianne_api.read.sse import RETRY, encoded, single
from marianne_client.errors import ApiError, UnreachableError
from marianne_client.identity import JobId

Now = Callable[[], str]
"""RFC 3339."""


async def job_stream(job: JobFeed, known: int, now: Now) -> AsyncGenerator[bytes, None]:
    """Until the job has ended or is gone. `known`: the version that the reader has heard of, or 0.

    A reader that knows the newest version is told the state alone, any other every sheet that ever began.
    """
    first = await job.first()
    seen: Snapshot | None = None
    trouble, pace = "", _Pace(job.timing.frame)
    yield RETRY
    if first.version == known and not first.last:
        yield encoded([("job_status", first.state)], known)
        seen = first
    while True:
        turn = job.turn.next
        if job.ended is not None:
            yield _end(job.ended)
            return
        if job.trouble != trouble:
            trouble = job.trouble
            if trouble:
                yield _stale()
        newest = job.snapshot
        if newest is not None and newest is not seen:
            if await pace.early():
                continue
            if told := job.frames(seen, newest):
                yield told
            seen = newest
            if newest.last:
                return
        elif not await _passed(turn, job.timing.heartbeat):
            yield _heartbeat(now, trouble)


async def jobs_stream(feed: Feed, known: int, name_of: Callable[[JobId], str], now: Now) -> AsyncGenerator[bytes, None]:
    """Every job of the scope, from the reader's version on, or from now. `resync`: it is to read the list again."""
    roster = await feed.fresh()
    seen, trouble, pace = known or roster.version, "", _Pace(feed.timing.frame)
    yield RETRY + single("connected", version=str(seen), jobs=len(roster.rows))
    while True:
        turn = feed.turn.next
        if feed.ended is not None:
            yield _end(feed.ended)
            return
        if feed.trouble != trouble:
            trouble = feed.trouble
            if trouble:
                yield _stale()
        entries = roster.since(seen)
        if entries or entries is None:
            if await pace.early():
                continue
            seen = roster.version
            yield _changes(entries, seen, name_of)
        elif not await _passed(turn, feed.timing.heartbeat):
            yield _heartbeat(now, trouble)


def _changes(entries: list[Entry] | None, version: int, name_of: Callable[[JobId], str]) -> bytes:
    if entries is None:
        return encoded([("resync", {})], version)
    told = []
    for entry in entries:
        job_id = name_of(entry.row.id)
        told.append(("job_deleted", {"job_id": job_id}) if entry.gone else ("job", item(entry.row, job_id)))
    return encoded(told, version)


class _Pace:
    """The first frame at once, and none sooner than `seconds` after another."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._from = seconds, 0.0

    async def early(self) -> bool:
        """It was too soon for the next frame, and is not any more: what is to be told may be newer now."""
        now = asyncio.get_running_loop().time()
        if now < self._from:
            await asyncio.sleep(self._from - now)
            return True
        self._from = now + self._seconds
        return False


async def _passed(turn: asyncio.Event, seconds: float) -> bool:
    """Something has changed before the time was over."""
    try:
        async with asyncio.timeout(seconds):  # cheaper than `wait_for`, which makes a task each time
            await turn.wait()
    except TimeoutError:
        return False
    return True


def _end(error: ApiError | UnreachableError) -> bytes:
    status = error.status if isinstance(error, ApiError) else 503
    detail = error.message if isinstance(error, ApiError) else "Conductor unavailable"
    return single("error", status=status, detail=detail, final=True)


def _stale() -> bytes:
    """The stream goes on: what has happened is told when the API server is back."""
    return single("error", status=503, detail="Conductor unavailable", final=False)


def _heartbeat(now: Now, trouble: str) -> bytes:
    return single("heartbeat", timestamp=now(), connected=not trouble)
