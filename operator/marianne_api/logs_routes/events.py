"""Log lines as server-sent events."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Final

from marianne_api.errors import UNAVAILABLE
from marianne_api.read.sse import RETRY, single
from marianne_client.errors import ApiError, UnreachableError
from marianne_client.follow import LogLine, UnknownSheetError

HEARTBEAT_SECONDS: Final = 15.0
PING: Final = b": ping\n\n"
"""A comment: proxies close a connection on which nothing comes for long, and readers hear no event."""


async def log_events(job_id: str, lines: AsyncGenerator[LogLine, None]) -> AsyncIterator[bytes]:
    """`log` for each line, then `log_complete`; or `error`, after which nothing comes."""
    yield RETRY
    number = 0
    try:
        async with contextlib.aclosing(_with_silence(lines)) as told:
            async for line in told:
                if line is None:
                    yield PING
                    continue
                number += 1
                yield _log(number, line)
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


async def _with_silence(lines: AsyncGenerator[LogLine, None]) -> AsyncGenerator[LogLine | None, None]:
    """The same; None for each while in which nothing came."""
    coming: asyncio.Task[LogLine] | None = None
    try:
        while True:
            coming = coming or asyncio.ensure_future(anext(lines))
            done, _ = await asyncio.wait({coming}, timeout=HEARTBEAT_SECONDS)
            if not done:
                yield None
                continue
            try:
                line = coming.result()
            except StopAsyncIteration:
                return
            coming = None
            yield line
    finally:
        if coming is not None:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)
        await lines.aclose()
