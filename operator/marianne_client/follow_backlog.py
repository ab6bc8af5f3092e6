"""Log lines on their way from who reads them to who takes them."""

import asyncio
from collections import deque
from typing import Final

from marianne_client.follow_pod import LogLine

CHARACTERS: Final = 1 << 20
"""Together; a container may print lines of any length, and whoever takes them may be slow."""


class Backlog:
    """At most so many lines: who has more waits until those before were taken."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: deque[LogLine] = deque()
        self._characters = 0
        self._stirred, self._room = asyncio.Event(), asyncio.Event()

    async def put(self, line: LogLine) -> None:
        """Returns when there was room for it."""
        while len(self._held) >= self._most or self._characters >= CHARACTERS:
            self._room.clear()
            await self._room.wait()
        self._held.append(line)
        self._characters += len(line.text)
        self.stir()

    def take(self) -> list[LogLine]:
        """All that is there."""
        taken = list(self._held)
        self._held.clear()
        self._characters = 0
        self._room.set()
        return taken

    def stir(self) -> None:
        """There is something to look at, be it that nothing follows."""
        self._stirred.set()

    async def wait(self) -> None:
        """Until somebody put a line, or stirred."""
        await self._stirred.wait()
        self._stirred.clear()
