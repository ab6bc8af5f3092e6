"""All jobs of the scope as they change: a list, then a watch of rows, and again where that breaks off."""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Final

from kubectl_marianne.fetch import job_rows, selection
from kubectl_marianne.job_versions import EXPIRED, PATIENCE, PAUSE_SECONDS, SILENCE_SECONDS
from kubectl_marianne.session import Session
from marianne_client import paths
from marianne_client.connection import Query
from marianne_client.errors import ApiError, UnreachableError
from marianne_client.table import JobRow, columns, rows

Rows = dict[tuple[str, str], JobRow]
GONE: Final = "DELETED"


async def row_versions(
    session: Session, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> AsyncGenerator[Rows, None]:
    """Without an end: whoever has seen enough closes it. Raises what `job_versions` raises."""
    misses: int | None = None
    while True:
        try:
            async with contextlib.aclosing(_list_and_watch(session)) as versions:
                async for found in versions:
                    misses = 0
                    yield found
        except UnreachableError:
            if misses is None or misses >= PATIENCE:
                raise
            misses += 1
        await sleep(PAUSE_SECONDS)


async def _list_and_watch(session: Session) -> AsyncGenerator[Rows, None]:
    listed, version = await job_rows(session)
    held = {(row.namespace, row.name): row for row in listed}
    yield dict(held)
    query: dict[str, Query] = {
        "watch": True,
        "allowWatchBookmarks": True,
        "resourceVersion": version,
        **selection(session.options),
    }
    names: list[str] = []
    try:
        async with session.connection.lines(
            paths.jobs(session.scope), table=True, idle_seconds=SILENCE_SECONDS, **query
        ) as lines:
            async for line in lines:
                event = json.loads(line)
                if event["type"] == "ERROR":
                    return
                if event["type"] == "BOOKMARK":
                    continue
                names = columns(event["object"]) or names
                for row in rows(event["object"], names):
                    held.pop((row.namespace, row.name), None)
                    if event["type"] != GONE:
                        held[row.namespace, row.name] = row
                yield dict(held)
    except ApiError as error:
        if error.status != EXPIRED:
            raise
