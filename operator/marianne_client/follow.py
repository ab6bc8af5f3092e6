"""Log lines of a job's sheets, from attempt to attempt, also before a Pod exists and after it has gone.

Nothing is polled: the job's status, which is watched, tells which attempts there are and when they are over. What the
container printed is not changed here.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Final

from marianne_client.connection import Connection
from marianne_client.errors import ApiError, UnreachableError
from marianne_client.follow_backlog import Backlog
from marianne_client.follow_job import JobNow, JobWatch, job_now
from marianne_client.follow_pod import AttemptLog, Emit, LogLine, Part
from marianne_client.identity import JobId

__all__ = ["JobNow", "LogLine", "UnknownSheetError", "Wanted", "follow", "read"]

AT_ONCE: Final = 32
"""Logs that are followed at a time. Others wait for their turn and lose no line of a Pod that is kept."""
AHEAD: Final = 500
"""Lines that are read before somebody took them."""


class UnknownSheetError(LookupError):
    """The job has no sheet of that number."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """`attempt` None: the newest, and when it is followed all after it. `tail_lines` and `since` are each Pod's.

    `since` is in seconds since the epoch. Of a line of more than `longest_line` bytes comes the beginning.
    """

    sheets: frozenset[int] | None = None
    attempt: int | None = None
    tail_lines: int | None = None
    since: int | None = None
    longest_line: int | None = None

    @property
    def part(self) -> Part:
        """Of each Pod's log."""
        return Part(self.since, self.longest_line)

    def of(self, now: JobNow) -> list[int]:
        """The numbers of the sheets that are meant; raises `UnknownSheetError`."""
        for num in sorted(self.sheets or ()):
            if num not in now.sheets:
                raise UnknownSheetError(f"Sheet {num} not found in job {now.name}")
        return sorted(now.sheets if self.sheets is None else self.sheets)


async def read(connection: Connection, job: JobId, wanted: Wanted) -> AsyncGenerator[LogLine, None]:
    """What there is now, sheet by sheet. Raises `ApiError`, `UnreachableError` and `UnknownSheetError`."""
    now = await job_now(connection, job)
    for num in wanted.of(now):
        attempt = wanted.attempt or now.sheets[num].attempt
        if not 1 <= attempt <= now.sheets[num].attempt:
            continue
        log = AttemptLog(connection, job, now, num, attempt, wanted.part)
        async with contextlib.aclosing(log.as_it_is(wanted.tail_lines)) as lines:
            async for line in lines:
                yield line
        for line in log.tails(now, wanted.tail_lines):
            yield line


async def follow(
    connection: Connection, job: JobId, wanted: Wanted, at_once: int = AT_ONCE
) -> AsyncGenerator[LogLine, None]:
    """What there is and what comes, until the chosen sheets are settled. Raises as `read` does.

    Close it (`contextlib.aclosing`) where it is left early: it holds connections.
    """
    lines = Backlog(AHEAD)
    following = asyncio.create_task(_Following(connection, job, wanted, lines.put, at_once).run())
    following.add_done_callback(lambda _: lines.stir())
    try:
        while (taken := lines.take()) or not following.done():
            for line in taken:
                yield line
            if not taken:
                await lines.wait()
        following.result()
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


class _Following:
    """One call of `follow`: a watch of the job, and a task for each sheet."""

    def __init__(self, connection: Connection, job: JobId, wanted: Wanted, emit: Emit, at_once: int) -> None:
        self._connection, self._job, self._wanted, self._emit = connection, job, wanted, emit
        self._watch = JobWatch(connection, job)
        self._turns = asyncio.Semaphore(at_once)

    async def run(self) -> None:
        """Raises the first of what went wrong."""
        try:
            async with asyncio.TaskGroup() as group:
                watching = group.create_task(self._watch.run())
                now = await self._watch.until(lambda job: bool(job.sheets) or job.over)
                await asyncio.gather(*[group.create_task(self._sheet(num, now)) for num in self._wanted.of(now)])
                watching.cancel()
        except* (ApiError, UnreachableError, UnknownSheetError) as several:
            raise _first(several) from None

    async def _sheet(self, num: int, begun: JobNow) -> None:
        attempt = self._wanted.attempt or max(1, begun.sheets[num].attempt)
        while await self._attempt(num, attempt, begun) and self._wanted.attempt is None:
            attempt += 1

    async def _attempt(self, num: int, attempt: int, begun: JobNow) -> bool:
        """To its end; False where there will be no such attempt."""
        now = await self._watch.until(lambda job: job.settled(num) or job.began(num, attempt))
        if now.began(num, attempt):
            there = begun if begun.began(num, attempt) else None
            log = AttemptLog(self._connection, self._job, now, num, attempt, self._wanted.part)
            async with self._turns:
                await log.follow(self._watch, self._emit, self._wanted.tail_lines, begun=there)
        return now.began(num, attempt)


def _first(several: BaseExceptionGroup[BaseException]) -> BaseException:
    first = several.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
