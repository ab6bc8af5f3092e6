"""Reads streams of server-sent events as a client does."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

PATIENCE = 30.0


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

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self._half = b""
        self._read: list[Told] = []

    async def until(self, name: str, patience: float = PATIENCE, **data: Any) -> list[Told]:
        heard: list[Told] = []
        try:
            async with asyncio.timeout(patience):
                while True:
                    while not self._read:
                        self._hear(await anext(self._chunks))
                    told = self._read.pop(0)
                    heard.append(told)
                    if told.name == name and data.items() <= told.data.items():
                        return heard
        except (TimeoutError, StopAsyncIteration) as error:
            raise AssertionError(f"no {name} {data}; heard {heard}") from error

    async def rest(self, patience: float = PATIENCE) -> list[Told]:
        async with asyncio.timeout(patience):
            async for chunk in self._chunks:
                self._hear(chunk)
        heard, self._read = self._read, []
        return heard

    def _hear(self, chunk: bytes) -> None:
        whole, divider, self._half = (self._half + chunk).rpartition(b"\n\n")
        self._read += parsed((whole + divider).decode())
