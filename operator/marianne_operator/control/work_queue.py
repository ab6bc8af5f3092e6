"""Which job to look at next: client-go's work queue, in asyncio.

A key waits once however often it is added; one worker at a time has it; touched meanwhile, it comes back. Each key
has one timer (the earliest wins) and a backoff of its own, so that a job in trouble costs the others nothing.
"""

import asyncio
import collections
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

FIRST_BACKOFF: Final = 0.2
LONGEST_BACKOFF: Final = 60.0
K = TypeVar("K", bound=Hashable)


class Timer(Protocol):
    """What `call_at` answers."""

    def when(self) -> float:
        """The loop time at which it fires."""
        ...

    def cancel(self) -> None:
        """Do not fire."""
        ...


class Clock(Protocol):
    """The part of an event loop that the queue needs; tests pass their own."""

    def time(self) -> float:
        """Seconds, monotonic."""
        ...

    def call_at(self, when: float, callback: Callable[[], None], /) -> Timer:
        """Call back at that time."""
        ...


@dataclass(frozen=True, slots=True)
class Statistics:
    """`oldest_seconds`: how long the key that waits longest, or is longest in work, has been there."""

    depth: int
    busy: int
    timers: int
    failing: int
    oldest_seconds: float


class WorkQueue(Generic[K]):
    """Not thread-safe: one event loop owns it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ready: asyncio.Queue[K] = asyncio.Queue()
        self._dirty: set[K] = set()
        self._busy: set[K] = set()
        self._since: dict[K, float] = {}
        self._timers: dict[K, Timer] = {}
        self._failures: collections.Counter[K] = collections.Counter()

    def add(self, key: K) -> None:
        """Look at it soon."""
        if key in self._dirty:
            return
        self._dirty.add(key)
        self._since.setdefault(key, self._clock.time())
        if key not in self._busy:
            self._ready.put_nowait(key)

    def add_after(self, key: K, delay: float) -> None:
        """Look at it in `delay` seconds, or when an earlier timer says so."""
        when = self._clock.time() + max(0.0, delay)
        set_before = self._timers.get(key)
        if set_before is not None:
            if set_before.when() <= when:
                return
            set_before.cancel()
        self._timers[key] = self._clock.call_at(when, lambda: self._fire(key))

    def retry(self, key: K, *, at_least: float = 0.0, at_once: int = 0) -> None:
        """Look again after a failure: 0.2 s at first, twice as long each time, a minute at most.

        The first `at_once` failures in a row wait for nothing.
        """
        failed = self._failures[key]
        self._failures[key] += 1
        delay = 0.0 if failed < at_once else min(LONGEST_BACKOFF, FIRST_BACKOFF * 2.0 ** min(failed - at_once, 30))
        self.add_after(key, max(delay, at_least))

    def succeeded(self, key: K) -> None:
        """Its next failure is a first one."""
        self._failures.pop(key, None)

    async def get(self) -> K:
        """The next key; the caller has it until `done`."""
        key = await self._ready.get()
        self._dirty.discard(key)
        self._busy.add(key)
        return key

    def done(self, key: K) -> None:
        """Give it back."""
        self._busy.discard(key)
        if key in self._dirty:
            self._since[key] = self._clock.time()
            self._ready.put_nowait(key)
        else:
            self._since.pop(key, None)

    def statistics(self) -> Statistics:
        """For metrics and health."""
        now = self._clock.time()
        oldest = now - min(self._since.values(), default=now)
        return Statistics(self._ready.qsize(), len(self._busy), len(self._timers), len(self._failures), oldest)

    def _fire(self, key: K) -> None:
        del self._timers[key]
        self.add(key)
