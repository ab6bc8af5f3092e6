"""The log of one attempt, read from its Pod to the last line; from the status' tails where the Pod has gone."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Literal

from marianne_client import paths
from marianne_client.connection import Connection, Query
from marianne_client.errors import ApiError, UnreachableError
from marianne_client.follow_job import JobNow, JobWatch
from marianne_client.follow_position import Position, rfc3339, split
from marianne_client.identity import JobId
from marianne_operator.model.pod import MAIN_CONTAINER

SILENT_SECONDS: Final = 300.0
"""Without a line, a followed log is asked for anew: its connection may be dead."""
AGAIN_SECONDS: Final = 1.0
DRAIN_SECONDS: Final = 10.0
"""For the end of a followed log whose Pod was cleared away: a kubelet looks every 5 s whether the container lives."""
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
    source: Literal["pod", "tail"]
    initial: bool
    """It was there before anybody followed."""


Emit = Callable[[LogLine], Awaitable[None]]


class AttemptLog:
    """One attempt's log. `emit` may make it wait."""

    def __init__(self, connection: Connection, job: JobId, now: JobNow, sheet: int, attempt: int) -> None:
        self._connection = connection
        self._sheet, self._attempt, self._pod = sheet, attempt, now.pod(sheet, attempt)
        self._path = paths.pod_log(job.namespace, self._pod)
        self._position = Position()

    async def as_it_is(self, tail_lines: int | None, since: int | None) -> AsyncIterator[LogLine]:
        """What the Pod has printed so far. Raises `ApiError`, 400 and 404 too, and `UnreachableError`.

        With `tail_lines` of 0 nothing is told, but the position is taken.
        """
        query: dict[str, Query] = {} if tail_lines is None else {"tailLines": max(1, tail_lines)}
        async for line in self._read(query, since, initial=True):
            if tail_lines != 0:
                yield line

    async def follow(self, watch: JobWatch, emit: Emit, tail_lines: int | None, since: int | None) -> None:
        """Until the attempt is over and all that can be had of it was told.

        `tail_lines`: it was there before, and of what it printed until now only so many lines are wanted.
        """
        now = await watch.until(lambda job: self._over(job) or job.sheets[self._sheet].performing(self._attempt))
        if tail_lines is not None:
            with _absent():
                async for line in self.as_it_is(tail_lines, since):
                    await emit(line)
        while not self._over(now):
            now = await self._stream_until_over(watch, emit, since)
        if self._position.last is None and tail_lines != 0:
            await self._tell_end(now, emit, since)

    async def _stream_until_over(self, watch: JobWatch, emit: Emit, since: int | None) -> JobNow:
        streaming = asyncio.create_task(self._stream(emit, since))
        ending = asyncio.create_task(watch.until(self._over))
        try:
            await asyncio.wait({streaming, ending}, return_when=asyncio.FIRST_COMPLETED)
            if streaming.done():
                streaming.result()
                await asyncio.wait({ending}, timeout=AGAIN_SECONDS)
            if ending.done():
                await self._finish(streaming, emit, since)
            return await watch.until(lambda _: True)
        finally:
            await _stop(streaming, ending)

    async def _finish(self, streaming: "asyncio.Task[None]", emit: Emit, since: int | None) -> None:
        """The last lines: that a followed log ended is no proof that it was told to its end, nor need it end soon."""
        rest: list[LogLine] | None = None
        with _absent():
            rest = [line async for line in self._read({}, since, initial=False, advance=False)]
        if rest is None:
            await asyncio.wait({streaming}, timeout=DRAIN_SECONDS)
            return
        await _stop(streaming)
        replay = self._position.replay()
        for line in rest:
            await self._tell(line, replay.is_new, emit)

    async def _stream(self, emit: Emit, since: int | None) -> None:
        with _absent():
            async for line in self._read({"follow": True}, since, initial=False, advance=False):
                await emit(line)

    async def _tell_end(self, now: JobNow, emit: Emit, since: int | None) -> None:
        pass
