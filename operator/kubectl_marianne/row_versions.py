"""All jobs of the scope as they change: a list, then a watch of rows, and again where that breaks off."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator

from kubectl_marianne.fetch import job_rows, selection
from kubectl_marianne.session import Session
from marianne_client import paths
from marianne_client.table import JobRow, columns, rows
from marianne_client.watching import Sleep, events, renewed

Rows = dict[tuple[str, str], JobRow]


async def row_versions(session: Session, sleep: Sleep = asyncio.sleep) -> AsyncGenerator[Rows, None]:
    """Without an end: whoever has seen enough closes it. Raises what `renewed` raises."""
    async with contextlib.aclosing(renewed(lambda: _list_and_watch(session), sleep)) as versions:
        async for found in versions:
            yield found


async def _list_and_watch(session: Session) -> AsyncGenerator[Rows, None]:
    listed, version = await job_rows(session)
    held = {(row.namespace, row.name): row for row in listed}
    yield dict(held)
    names: list[str] = []
    changes = events(session.connection, paths.jobs(session.scope), version, table=True, **selection(session.options))
    async with contextlib.aclosing(changes):
        async for kind, table in changes:
            names = columns(table) or names
            for row in rows(table, names):
                held.pop((row.namespace, row.name), None)
                if kind != "DELETED":
                    held[row.namespace, row.name] = row
            yield dict(held)
