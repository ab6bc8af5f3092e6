"""Watches that go on: a look, a watch from there, and both again where that breaks off."""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, Final, TypeVar

from marianne_client.connection import Connection, Query
from marianne_client.errors import ApiError, UnreachableError

T = TypeVar("T")
Sleep = Callable[[float], Awaitable[None]]
WATCH_SECONDS: Final = 300
SILENCE_SECONDS: Final = 100.0
"""Of a watch, then its connection counts as dead: an API server sends a bookmark each minute."""
PAUSES: Final = (0.2, 0.5, 1.0, 2.0, 4.0, *[5.0] * 10)
"""Seconds between tries while nobody answers, as while an API server is upgraded; after the last one that is said."""
EXPIRED: Final = 410
TOO_MANY: Final = 429


async def renewed(
    look_and_watch: Callable[[], AsyncGenerator[T, None]], sleep: Sleep = asyncio.sleep
) -> AsyncGenerator[T, None]:
    """What each look and watch tells, without an end; whoever has seen enough closes it.

    Raises `ApiError` for what the API server refuses for good, and `UnreachableError` at once where it never answered,
    later when it has been away for too long.
    """
    misses: int | None = None
    while True:
        try:
            async with contextlib.aclosing(look_and_watch()) as versions:
                async for version in versions:
                    misses = 0
                    yield version
            pause = PAUSES[0]
        except (UnreachableError, ApiError) as error:
            if not _passes(error, answered=misses is not None) or misses == len(PAUSES):
                raise
            misses = misses or 0
            pause = PAUSES[misses]
            misses += 1
        await sleep(pause)


def _passes(error: UnreachableError | ApiError, *, answered: bool) -> bool:
    """An API server that is overloaded, or away for a while: who waits for hours waits for that, too."""
    return answered if isinstance(error, UnreachableError) else error.status == TOO_MANY


async def events(
    connection: Connection, path: str, version: str, *, table: bool = False, **query: Query
) -> AsyncGenerator[tuple[str, dict[str, Any]], None]:
    """(ADDED, MODIFIED or DELETED, the object) after that version.

    Ends when the watch does, whatever the reason: the next look tells what was missed.
    """
    query |= {"watch": True, "resourceVersion": version, "allowWatchBookmarks": True, "timeoutSeconds": WATCH_SECONDS}
    try:
        async with connection.lines(path, table=table, idle_seconds=SILENCE_SECONDS, longest=None, **query) as lines:
            async for line in lines:
                event = json.loads(line)
                if event["type"] == "ERROR":
                    return
                if event["type"] != "BOOKMARK":
                    yield event["type"], event["object"]
    except ApiError as error:
        if error.status != EXPIRED:
            raise
    except json.JSONDecodeError:  # cut off in the middle of an event
        return
