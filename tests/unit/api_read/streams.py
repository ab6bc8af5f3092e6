"""Reads streams of server-sent events as a client does."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

PATIENCE = 10.0


@dataclass(frozen=True)
class Told:
    """One event."""

    name: str
    data: dict[str, Any]
    id: str = ""


def parsed(text: str) -> list[Told]:
    """Blocks without an event's name say nothing to a client."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines())
        if "event" in fields:
            found.append(Told(fields["event"], json.loads(fields["data"]), fields.get("id", "")))
    return found


class Reader:
    """One client. `until` gives all events up to and with the wanted one; `rest` all to the end."""

    def __init__(self, frames: AsyncIterator[bytes]) -> None:
        self._frames = frames
        self._read: list[Told] = []

    async def until(self, name: str, **data: Any) -> list[Told]:
        heard = []
        async with asyncio.timeout(PATIENCE):
            while True:
                while not self._read:
                    self._read = parsed((await anext(self._frames)).decode())
                told = self._read.pop(0)
                heard.append(told)
                if told.name == name and data.items() <= told.data.items():
                    return heard

    async def rest(self) -> list[Told]:
        heard, self._read = self._read, []
        async with asyncio.timeout(PATIENCE):
            async for frame in self._frames:
                heard += parsed(frame.decode())
        return heard
