"""Log lines as server-sent events."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Final

from marianne_api.errors import UNAVAILABLE
from marianne_api.logs_routes.rights import StillMay, until_taken_away
from marianne_api.read.sse import RETRY, single
from marianne_client.errors import ApiError, UnreachableError
from marianne_client.follow import LogLine, UnknownSheetError
from marianne_client.follow_backlog import Backlog

AHEAD: Final = 200
"""Lines that are read before the reader of the stream has taken those before."""
HEARTBEAT_SECONDS: Final = 15.0
PING: Final = b": ping\n\n"
"""A comment: proxies close a connection on which nothing comes for long, and readers hear no event."""


async def log_events(job_id: str, lines: AsyncGenerator[LogLine, None], may: StillMay) -> AsyncGenerator[bytes, None]:
    """`log` for each line, then `log_complete`; or `error`, after which nothing comes, as when the right is gone."""
    yield RETRY
    number = 0
    try:
        async with contextlib.aclosing(_gathered(lines, may)) as gathered:
            async for several in gathered:
                yield b"".join(_log(number + at, line) for at, line in enumerate(several, 1)) or PING
                number += len(several)
    except ApiError as error:
        yield single("error", status=error.status, detail=error.message)
    except UnreachableError:
        yield single("error", status=503, detail=UNAVAILABLE)
    except UnknownSheetError as error:
        yield single("error", status=404, detail=str(error))
    else:
        yield single("log_complete", job_id=job_id, lines=number)


def _log(number: int, line: LogLine) -> bytes:
    return single(
        "log",
        line=line.text,
        line_number=number,
        timestamp=line.timestamp,
        initial=line.initial,
        sheet=line.sheet,
        attempt=line.attempt,
        source=line.source,
    )


async def _gathered(lines: AsyncGenerator[LogLine, None], may: StillMay) -> AsyncGenerator[list[LogLine], None]:
    """The same, as many at once as are there; none for each while in which nothing came."""
    held = Backlog(AHEAD)
    reading = asyncio.create_task(_read(lines, held))
    asking = asyncio.create_task(until_taken_away(may))
    for each in (reading, asking):
        each.add_done_callback(lambda _: held.stir())
    try:
        while (taken := held.take()) or not reading.done():
            if asking.done():
                asking.result()
            if taken or not await _stirred(held):
                yield taken
        reading.result()
    finally:
        reading.cancel()
        asking.cancel()
        await asyncio.gather(reading, asking, return_exceptions=True)


async def _stirred(held: Backlog) -> bool:
    """Before the time for a heartbeat has come."""
    try:
        async with asyncio.timeout(HEARTBEAT_SECONDS):
            await held.wait()
    except TimeoutError:
        return False
    return True


async def _read(lines: AsyncGenerator[LogLine, None], held: Backlog) -> None:
    async with contextlib.aclosing(lines):
        async for line in lines:
            await held.put(line)
