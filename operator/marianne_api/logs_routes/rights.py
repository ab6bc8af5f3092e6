"""An open log is not authorised again by the API server, so who streams it asks whether the caller still may."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from marianne_client import paths
from marianne_client.connection import Connection
from marianne_client.errors import ApiError, UnreachableError

AGAIN_SECONDS: Final = 60.0

StillMay = Callable[[], Awaitable[None]]
"""Raises `ApiError` 401 or 403 where the caller may not any more."""


def may_read_logs(connection: Connection, namespace: str) -> StillMay:
    """Of the Pods of that namespace."""
    attributes = {"namespace": namespace, "verb": "get", "resource": "pods", "subresource": "log"}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }

    async def ask() -> None:
        status = (await connection.ask(paths.access_review(), review)).get("status") or {}
        if not status.get("allowed"):
            raise ApiError(403, "Forbidden", f'the right to get pods/log in the namespace "{namespace}" was taken away')

    return ask


async def until_taken_away(may: StillMay) -> None:
    """Ends only by raising. An API server that does not answer is asked again: it takes no right away."""
    while True:
        await asyncio.sleep(AGAIN_SECONDS)
        try:
            await may()
        except UnreachableError:
            continue
