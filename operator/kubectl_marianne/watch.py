"""`--watch`: what is shown follows the objects, drawn again at their events and when the window changes."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from kubectl_marianne import exits
from kubectl_marianne.changes import job_changes
from kubectl_marianne.fetch import look, score_of
from kubectl_marianne.job_versions import job_versions
from kubectl_marianne.layout_job import Wanted, job_lines
from kubectl_marianne.lines import Line
from kubectl_marianne.output import Screen, complain, show, standard_screen
from kubectl_marianne.painter import painter
from kubectl_marianne.reading import Score, status
from kubectl_marianne.session import Session
from kubectl_marianne.verdict import ended
from marianne_client.identity import JobId

T = TypeVar("T")
Job = Mapping[str, Any]
Draw = Callable[[T], Sequence[Line]]
EVERY: Final[Wanted] = lambda _sheet: True  # noqa: E731  (a default that has a name)


async def watch_job(session: Session, job: JobId, wanted: Wanted = EVERY) -> int:
    """Until the job has ended; its ending is the exit code. On Ctrl-C what was seen last stays."""
    scores: dict[str, Score] = {}

    async def versions() -> AsyncGenerator[Job | None, None]:
        async with contextlib.aclosing(job_versions(session.connection, job)) as found:
            async for version in found:
                pinned = None if version is None else status(version).get("score")
                if version is not None and pinned and pinned["configMap"] not in scores:
                    scores[pinned["configMap"]] = await score_of(session.connection, version)
                yield version
                if version is not None and ended(version) is not None:
                    return

    def draw(version: Job) -> list[Line]:
        pinned = status(version).get("score") or {}
        score = scores.get(pinned.get("configMap", ""), Score({}))
        return job_lines(version, score, look(session, standard_screen(no_color=session.options.no_color)), wanted)

    last = await follow(session, versions(), draw, job_changes)
    if last is None:
        complain(f"{job.name} was deleted")
        return exits.ERROR
    verdict = ended(last)
    return exits.OK if verdict is None else verdict.code


async def follow(
    session: Session,
    versions: AsyncGenerator[T | None, None],
    draw: Callable[[T], Sequence[Line]],
    changes: Callable[[T | None, T], Sequence[Line]],
) -> T | None:
    """The last version, or None for one that was taken away; its picture stays on the terminal.

    Where the cursor cannot be moved, `changes` from version to version are told line by line.
    """
    screen = session.screen
    async with contextlib.aclosing(versions):
        if screen.redraws:
            return await _redraw(screen, versions, draw)
        return await _tell(versions, lambda before, after: show(changes(before, after), screen))


async def _redraw(
    screen: Screen, versions: AsyncGenerator[T | None, None], draw: Callable[[T], Sequence[Line]]
) -> T | None:
    newest: list[T] = []
    try:
        with painter(screen) as paint:
            gone = await _draw_newest(versions, newest, lambda version: paint(draw(version)))
    finally:
        if newest:
            show(draw(newest[0]), screen)
    return None if gone else newest[0]


async def _tell(versions: AsyncGenerator[T | None, None], tell: Callable[[T | None, T], None]) -> T | None:
    before: T | None = None
    async for version in versions:
        if version is None:
            return None
        tell(before, version)
        before = version
    return before


async def _draw_newest(versions: AsyncGenerator[T | None, None], newest: list[T], draw: Callable[[T], None]) -> bool:
    """True when the last one was None. Versions that come while one is drawn are not drawn, except the last of them."""
    changed = asyncio.Event()

    async def read() -> bool:
        async for version in versions:
            if version is None:
                return True
            newest[:] = [version]
            changed.set()
        return False

    reading = asyncio.ensure_future(read())
    reading.add_done_callback(lambda _: changed.set())
    with _window_changes(changed.set):
        try:
            while not reading.done():
                await changed.wait()
                changed.clear()
                if newest:
                    draw(newest[0])
            return await reading
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


@contextlib.contextmanager
def _window_changes(tell: Callable[[], None]) -> Any:  # noqa: ANN401  (a generator's type says nothing here)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGWINCH, tell)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGWINCH)
