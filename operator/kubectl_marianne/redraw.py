"""What is shown follows what comes: drawn again for each version and when the window changes, or told line by line."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar

from kubectl_marianne.lines import Line, Span, line
from kubectl_marianne.output import Screen, rich_text, show
from kubectl_marianne.palette import WAIT

T = TypeVar("T")
Versions = AsyncGenerator[T | None, None]


class Freshness:
    """Whether what is shown is what is. `pause` stands for `sleep` wherever a broken watch is begun anew."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.changed = asyncio.Event()
        self._now = now
        self._since: datetime | None = None

    async def pause(self, seconds: float) -> None:
        """Nothing has been seen since the first of these. News from the second on: every watch has an end."""
        if self._since is None:
            self._since = self._now()
        else:
            self.changed.set()
        await asyncio.sleep(seconds)

    def seen(self) -> None:
        """A version came."""
        self._since = None
        self.changed.set()

    def note(self) -> list[Line]:
        """For below the picture."""
        told = "" if self._since is None else f"no answer since {self._since:%H:%M:%S}, trying again"
        return [line(Span(told, WAIT))] if told else []


async def follow(
    screen: Screen,
    fresh: Freshness,
    versions: Versions[T],
    draw: Callable[[T], Sequence[Line]],
    changes: Callable[[T | None, T], Sequence[Line]],
) -> T | None:
    """The last version, or None for what was taken away; the last picture stays on the terminal.

    Where the cursor cannot be moved, `changes` from version to version are told line by line.
    """
    async with contextlib.aclosing(versions):
        if screen.redraws:
            return await _redraw(screen, fresh, versions, draw)
        return await _tell(versions, lambda before, after: show(changes(before, after), screen))


async def _tell(versions: Versions[T], tell: Callable[[T | None, T], None]) -> T | None:
    before: T | None = None
    async for version in versions:
        if version is None:
            return None
        tell(before, version)
        before = version
    return before


async def _redraw(
    screen: Screen, fresh: Freshness, versions: Versions[T], draw: Callable[[T], Sequence[Line]]
) -> T | None:
    newest: list[T] = []
    try:
        with painter(screen) as paint:
            gone = await _draw_newest(fresh, versions, newest, lambda version: paint([*draw(version), *fresh.note()]))
    finally:
        if newest:
            show(draw(newest[0]), screen)
    return None if gone else newest[0]


async def _draw_newest(fresh: Freshness, versions: Versions[T], newest: list[T], draw: Callable[[T], None]) -> bool:
    """True when the last one was None. Versions that come while one is drawn are not drawn, except the last of them."""

    async def read() -> bool:
        async for version in versions:
            if version is None:
                return True
            newest[:] = [version]
            fresh.seen()
        return False

    reading = asyncio.ensure_future(read())
    reading.add_done_callback(lambda _: fresh.changed.set())
    with _window_changes(fresh.changed.set):
        try:
            while not reading.done():
                await fresh.changed.wait()
                fresh.changed.clear()
                if newest:
                    draw(newest[0])
            return await reading
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


@contextlib.contextmanager
def _window_changes(tell: Callable[[], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGWINCH, tell)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGWINCH)


class Paint(Protocol):
    """Takes the whole block each time; what looks the same is not painted again."""

    def __call__(self, lines: Sequence[Line]) -> None:
        """Paint."""


@contextlib.contextmanager
def painter(screen: Screen) -> Iterator[Paint]:
    """The block is wiped in the end, whatever ends it: what is to stay is printed by the caller."""
    from rich.console import Console  # noqa: PLC0415  (80 ms that other verbs need not pay)
    from rich.live import Live  # noqa: PLC0415

    console = Console(highlight=False, markup=False, emoji=False, no_color=not screen.fancy)
    painted: list[Sequence[Line]] = []
    with Live(
        console=console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False
    ) as live:

        def paint(lines: Sequence[Line]) -> None:
            if painted != [lines]:
                painted[:] = [lines]
                live.update(_block(lines), refresh=True)

        yield paint


def _block(lines: Sequence[Line]) -> Any:  # noqa: ANN401  (Rich is imported late)
    from rich.console import Group  # noqa: PLC0415

    return Group(*(rich_text(each) for each in lines))
