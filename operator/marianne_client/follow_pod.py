"""The log of one attempt, read from its Pod to the last line; from the status' tails where the Pod has gone."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from marianne_client import paths
from marianne_client.connection import Connection
from marianne_client.errors import ApiError, UnreachableError
from marianne_client.follow_job import JobNow, JobWatch
from marianne_client.follow_position import Position, Replay, Stamp, rfc3339, split
from marianne_client.identity import JobId
from marianne_operator.model.pod import MAIN_CONTAINER

SILENT_SECONDS: Final = 300.0
"""Without a line, a followed log is asked for anew: its connection may be dead."""
AGAIN_SECONDS: Final = 1.0
"""From the end of a followed log to the next try, unless its attempt is over meanwhile."""
DRAIN_SECONDS: Final = 10.0
"""For the end of a followed log whose Pod was cleared away: a kubelet looks every 5 s whether the container lives."""
TRIES: Final = 3
NOT_THERE: Final = frozenset({400, 404})
"""A container that has not been started yet is a bad request to the API server; a Pod that has gone is not found."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """`text` is data from inside a container, as it was printed: whoever shows it makes it harmless (`visible`)."""

    sheet: int
    attempt: int
    pod: str
    text: str
    timestamp: str | None
    """None of a tail: its lines have none."""
    source: Literal["pod", "tail"]
    initial: bool
    """It was there before anybody followed."""


Emit = Callable[[LogLine], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Part:
    """`since`: in seconds since the epoch. Of a line of more than `longest` bytes the beginning, with a mark."""

    since: int | None = None
    longest: int | None = None


WHOLE: Final = Part()


@contextlib.contextmanager
def absent() -> Iterator[None]:
    """Without a word where a log cannot be had: its Pod is not there yet or any more, or its node does not answer."""
    try:
        yield
    except UnreachableError:
        return
    except ApiError as error:
        if error.status not in NOT_THERE:
            raise


class AttemptLog:
    """One attempt's log, or that part of it; `tail_lines` are counted when it is first read."""

    def __init__(
        self, connection: Connection, job: JobId, now: JobNow, sheet: int, attempt: int, part: Part = WHOLE
    ) -> None:
        self._connection, self._part = connection, part
        self._sheet, self._attempt, self._pod = sheet, attempt, now.pod(sheet, attempt)
        self._path = paths.pod_log(job.namespace, self._pod)
        self._position = Position()
        self._had = False
        """There was a log, though perhaps none of its lines was meant."""

    async def as_it_is(self, tail_lines: int | None = None) -> AsyncGenerator[LogLine, None]:
        """What was printed so far; nothing, where there is no log. Raises `ApiError`."""
        wanted = None if tail_lines is None else max(1, tail_lines)
        with absent():
            async with contextlib.aclosing(self._lines(tail_lines=wanted, initial=True)) as lines:
                async for stamp, line in lines:
                    self._position.advance(stamp)
                    if tail_lines != 0:
                        yield line

    def tails(self, now: JobNow, tail_lines: int | None = None) -> list[LogLine]:
        """Of a Pod that told nothing: what the status kept of its output, while this is the sheet's newest attempt."""
        sheet = now.sheets.get(self._sheet)
        newest = sheet is not None and sheet.attempt == self._attempt and sheet.over(self._attempt)
        nothing_since = self._had and self._part.since is not None
        if sheet is None or not newest or nothing_since or self._position.last is not None:
            return []
        texts = [text for tail in sheet.tails for text in tail.removesuffix("\n").split("\n")]
        kept = texts if tail_lines is None else texts[len(texts) - min(len(texts), tail_lines) :]
        return [LogLine(self._sheet, self._attempt, self._pod, text, None, "tail", initial=True) for text in kept]

    async def follow(self, watch: JobWatch, emit: Emit, tail_lines: int | None = None, *, begun: JobNow | None) -> None:
        """Until the attempt is over and all that can be had of it was told. Raises `ApiError`.

        `begun`: the job when somebody began to follow, if there was this attempt then. Of what it printed until now
        only `tail_lines` are wanted.
        """
        if begun is not None:
            async for line in self.as_it_is(tail_lines):
                await emit(line)
        now = await watch.until(lambda job: job.performing(self._sheet, self._attempt))
        if self._over(now) and not (begun is not None and self._over(begun)):
            await self._tell_rest(emit)
        while not self._over(now):
            now = await self._stream_until_over(watch, emit)
        for line in self.tails(now, tail_lines):
            await emit(line)

    def _over(self, now: JobNow) -> bool:
        return now.over_for(self._sheet, self._attempt)

    async def _stream_until_over(self, watch: JobWatch, emit: Emit) -> JobNow:
        """One connection, which may break; the job as it was when that was noticed."""
        streaming = asyncio.create_task(self._stream(emit))
        ending = asyncio.create_task(watch.until(self._over))
        try:
            await asyncio.wait({streaming, ending}, return_when=asyncio.FIRST_COMPLETED)
            if not ending.done():
                streaming.result()
                await asyncio.wait({ending}, timeout=AGAIN_SECONDS)
            if ending.done():
                await self._finish(streaming, emit)
            return await watch.until(lambda _: True)
        finally:
            await _stop(streaming, ending)

    async def _stream(self, emit: Emit) -> None:
        replay = self._position.replay()
        with absent():
            async with contextlib.aclosing(self._lines(follow=True)) as lines:
                async for stamp, line in lines:
                    await self._tell_one(stamp, line, replay, emit)

    async def _finish(self, streaming: "asyncio.Task[None]", emit: Emit) -> None:
        """The last lines. That a followed log ended is no proof that it was told to its end, nor need it end soon."""
        for _ in range(TRIES):
            if await self._tell_rest(emit, streaming):
                return
            done, _ = await asyncio.wait({streaming}, timeout=DRAIN_SECONDS)
            if not done:
                return

    async def _tell_rest(self, emit: Emit, *streaming: "asyncio.Task[None]") -> bool:
        """From the position on; False where there is no log any more. `streaming` is stopped only if there is one."""
        with absent():
            async with contextlib.aclosing(self._lines()) as lines:
                first = await anext(lines, None)
                await _stop(*streaming)
                replay = self._position.replay()
                if first is not None:
                    await self._tell_one(*first, replay, emit)
                async for stamp, line in lines:
                    await self._tell_one(stamp, line, replay, emit)
                return True
        return False

    async def _tell_one(self, stamp: Stamp, line: LogLine, replay: Replay, emit: Emit) -> None:
        """The position moves only when the line was taken: whoever is stopped before that reads it again."""
        if replay.is_new(stamp):
            await emit(line)
            self._position.advance(stamp)

    async def _lines(
        self, *, follow: bool = False, tail_lines: int | None = None, initial: bool = False
    ) -> AsyncGenerator[tuple[Stamp, LogLine], None]:
        last = self._position.last
        since = self._part.since if last is None else last[0]
        async with self._connection.lines(
            self._path,
            idle_seconds=SILENT_SECONDS,
            longest=self._part.longest,
            container=MAIN_CONTAINER,
            timestamps=True,
            follow=follow,
            tailLines=tail_lines,
            sinceTime=None if since is None else rfc3339(since),
        ) as lines:
            self._had = True
            async for each in lines:
                if (parts := split(each)) is None:
                    self._had = False
                else:
                    time, stamp, text = parts
                    yield stamp, LogLine(self._sheet, self._attempt, self._pod, text, time, "pod", initial)


async def _stop(*tasks: "asyncio.Task[Any]") -> None:
    """What a task raised meanwhile is told by whoever awaits it; here it only has to be over."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
