"""Whether who streams a log may still read it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from marianne_api.still_allowed import must_still
from marianne_client.connection import Connection
from marianne_client.errors import UnreachableError

AGAIN_SECONDS: Final = 60.0

StillMay = Callable[[], Awaitable[None]]
"""Raises `ApiError` 401 or 403 where the caller may not any more."""


def may_read_logs(connection: Connection, namespace: str) -> StillMay:
    """Of the Pods of that namespace."""
    return lambda: must_still(connection, "get", "pods", namespace, subresource="log")


async def until_taken_away(may: StillMay) -> None:
    """Ends only by raising. An API server that does not answer is asked again: it takes no right away."""
    while True:
        await asyncio.sleep(AGAIN_SECONDS)
        try:
            await may()
        except UnreachableError:
            continue
