"""All watches of the process: one for each identity and scope, begun by its first reader."""

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Iterator
from typing import Final, NamedTuple

from marianne_api.authentication import Caller
from marianne_api.limits import TooManyError
from marianne_api.read.feed import READS_AT_ONCE, Feed
from marianne_api.read.table_watch import Scope
from marianne_api.read.timing import Timing

MOST: Final = 50
MOST_OF_ONE: Final = 10
"""Of one user: each holds every job of its scope, and a scope is but a word in a request."""


class Key(NamedTuple):
    """Whose watch, with which credential, over what."""

    username: str
    identity: str
    scope: Scope


class Hub:
    """What one identity's credential has shown is never shown to another.

    A watch without readers is kept for a while, unless another needs its place: the one that was used longest ago
    goes first. One with readers is never dropped.
    """

    def __init__(self, timing: Timing, most: int = MOST) -> None:
        self.timing = timing
        self._most = most
        self._reads = asyncio.Semaphore(READS_AT_ONCE)
        self._feeds: OrderedDict[Key, Feed] = OrderedDict()
        self._closing: dict[Key, asyncio.TimerHandle] = {}

    def __len__(self) -> int:
        return len(self._feeds)

    @contextlib.contextmanager
    def reading(self, caller: Caller, scope: Scope) -> Iterator[Feed]:
        """Raises `TooManyError` where every place is taken."""
        key = Key(caller.username, caller.identity, scope)
        feed = self._feed(key, caller)
        feed.readers += 1
        try:
            yield feed
        finally:
            feed.readers -= 1
            self._left(key, feed)

    def close(self) -> None:
        """Every watch ends."""
        for key in list(self._feeds):
            self._drop(key)

    def _feed(self, key: Key, caller: Caller) -> Feed:
        feed = self._feeds.get(key)
        if feed is None or feed.ended is not None:
            self._make_room(key)
            feed = self._feeds[key] = Feed(caller.connection, key.scope, self.timing, self._reads)
            feed.start()
        self._feeds.move_to_end(key)
        if (timer := self._closing.pop(key, None)) is not None:
            timer.cancel()
        return feed

    def _make_room(self, key: Key) -> None:
        self._drop(key)
        self._drop_idle([each for each in self._feeds if each.username == key.username], MOST_OF_ONE)
        self._drop_idle(list(self._feeds), self._most)

    def _drop_idle(self, held: list[Key], most: int) -> None:
        if len(held) < most:
            return
        idle = next((each for each in held if not self._feeds[each].readers), None)
        if idle is None:
            raise TooManyError("Too many watches are open", 5.0)
        self._drop(idle)

    def _left(self, key: Key, feed: Feed) -> None:
        if feed.readers or self._feeds.get(key) is not feed:
            return
        if feed.ended is not None:
            self._drop(key)
        else:
            self._closing[key] = asyncio.get_running_loop().call_later(self.timing.idle, self._drop, key)

    def _drop(self, key: Key) -> None:
        if (timer := self._closing.pop(key, None)) is not None:
            timer.cancel()
        if (feed := self._feeds.pop(key, None)) is not None:
            feed.close()
