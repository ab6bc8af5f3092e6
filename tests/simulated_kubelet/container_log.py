"""What a container printed, each line with its time, as a node keeps it; and who reads along while it grows."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

LONGEST_LINE: Final = 1 << 20


@dataclass(slots=True)
class ContainerLog:
    """`lines` are (time, text); `over` once nothing is added any more."""

    lines: list[tuple[str, bytes]] = field(default_factory=list)
    over: bool = False
    _more: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def keep(self, output: asyncio.StreamReader) -> None:
        """Until nobody holds its other end."""
        try:
            while line := await output.readline():
                await self.add(line.removesuffix(b"\n"))
        finally:
            await self.end()

    async def add(self, text: bytes) -> None:
        """One line, now."""
        async with self._more:
            self.lines.append((_now(), text))
            self._more.notify_all()

    async def end(self) -> None:
        """That was all."""
        async with self._more:
            self.over = True
            self._more.notify_all()

    def since(self, time: str | None) -> int:
        """The number of the first line not older than that time, which the API server passes on in whole seconds."""
        if time is None:
            return 0
        return next((at for at, (stamp, _) in enumerate(self.lines) if stamp[:19] >= time[:19]), len(self.lines))

    async def read(self, start: int, *, follow: bool) -> AsyncIterator[tuple[str, bytes]]:
        """From that line on; with `follow` to the container's end."""
        while True:
            for line in self.lines[start:]:
                yield line
                start += 1
            if not follow or self.over:
                return
            async with self._more:
                await self._more.wait_for(lambda seen=start: len(self.lines) > seen or self.over)


def _now() -> str:
    """As a container runtime writes it: nanoseconds."""
    now = datetime.now(UTC)
    return f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond:06d}000Z"
