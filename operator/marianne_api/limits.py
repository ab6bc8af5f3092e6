"""Who may ask how often, and have how many streams open."""

import asyncio
import contextlib
import math
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Final

REMEMBERED: Final = 4096
"""Buckets; the one that was used longest ago is forgotten, and full again when it is next needed."""


class TooManyError(Exception):
    """Not now: `retry_after` in whole seconds."""

    def __init__(self, message: str, retry_after: float) -> None:
        self.message, self.retry_after = message, max(1, math.ceil(retry_after))
        super().__init__(message)


class Buckets:
    """A token bucket for each key: `at_once` in a burst, refilled by `per_second`."""

    def __init__(self, per_second: float, at_once: int, clock: Callable[[], float]) -> None:
        self._per_second, self._at_once, self._clock = per_second, float(at_once), clock
        self._held: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> None:
        """One; raises `TooManyError` when there is none."""
        now = self._clock()
        held, since = self._held.pop(key, (self._at_once, now))
        held = min(self._at_once, held + (now - since) * self._per_second)
        allowed = held >= 1.0
        self._held[key] = (held - 1.0 if allowed else held, now)
        if len(self._held) > REMEMBERED:
            self._held.popitem(last=False)
        if not allowed:
            raise TooManyError("Too many requests", (1.0 - held) / self._per_second)


class StreamSlots:
    """Open streams of each identity and of all."""

    def __init__(self, each: int, in_all: int) -> None:
        self._each, self._in_all = each, in_all
        self._open: dict[str, int] = {}

    @property
    def open(self) -> int:
        """Of all identities."""
        return sum(self._open.values())

    @contextlib.contextmanager
    def slot(self, key: str) -> Iterator[None]:
        """Held while the stream is open; raises `TooManyError`."""
        held = self._open.get(key, 0)
        if held >= self._each or self.open >= self._in_all:
            raise TooManyError("Too many streams are open", 5.0)
        self._open[key] = held + 1
        try:
            yield
        finally:
            if self._open[key] == 1:
                del self._open[key]
            else:
                self._open[key] -= 1


class Turns:
    """One thing at a time for each identity, so that who brings much or slow work waits for himself alone."""

    def __init__(self, waiting: int) -> None:
        self._waiting = waiting
        self._lines: dict[str, tuple[asyncio.Lock, int]] = {}

    @contextlib.asynccontextmanager
    async def turn(self, key: str) -> AsyncIterator[None]:
        """When those before are through; raises `TooManyError` where too many wait already."""
        lock, standing = self._lines.get(key, (asyncio.Lock(), 0))
        if standing > self._waiting:
            raise TooManyError("Too many scores wait to be read", 5.0)
        self._lines[key] = lock, standing + 1
        try:
            async with lock:
                yield
        finally:
            _, standing = self._lines.pop(key)
            if standing > 1:
                self._lines[key] = lock, standing - 1
