"""Lists and watches jobs as rows without objects, with one identity's own credential."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

from marianne_client import paths
from marianne_client.connection import Connection, Query
from marianne_client.errors import ApiError, UnreachableError
from marianne_client.table import JobRow, columns, rows

CHUNK: Final = 500
GONE: Final = 410
WATCH_SECONDS: Final = 300
SILENCE_SECONDS: Final = 100.0
"""Of a watch, then its connection counts as dead: an API server sends a bookmark each minute."""


class OutdatedError(Exception):
    """The version to go on from is gone: everything has to be listed again."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose jobs: of one namespace or of all, those with the labels that the selector means."""

    namespace: str | None
    selector: str = ""

    @property
    def path(self) -> str:
        """Of the collection."""
        return paths.jobs(self.namespace)

    @property
    def query(self) -> dict[str, Query]:
        """What narrows it."""
        return {"labelSelector": self.selector} if self.selector else {}


@dataclass(frozen=True, slots=True)
class Listing:
    """All rows as of one version; `names` are the columns'."""

    rows: list[JobRow]
    version: int
    names: list[str]


@dataclass(frozen=True, slots=True)
class Event:
    """One change; `row` is None where only the version went on."""

    version: int
    row: JobRow | None = None
    gone: bool = False


async def list_rows(connection: Connection, scope: Scope) -> Listing:
    """In chunks of one version; begun again where that version was lost on the way."""
    while True:
        try:
            return await _list_once(connection, scope)
        except ApiError as error:
            if error.status != GONE:
                raise


async def watch_rows(connection: Connection, scope: Scope, listing: Listing, version: int) -> AsyncIterator[Event]:
    """What happens after that version, until the API server ends the watch.

    Raises `OutdatedError`, and what every call raises.
    """
    query = {**scope.query, "watch": True, "resourceVersion": version}
    query |= {"allowWatchBookmarks": True, "timeoutSeconds": WATCH_SECONDS}
    names = listing.names
    try:
        async with connection.lines(
            scope.path, table=True, idle_seconds=SILENCE_SECONDS, longest=None, **query
        ) as lines:
            async for line in lines:
                told = json.loads(line)
                if told["type"] == "ERROR":
                    raise _refusal(told["object"])
                names = columns(told["object"]) or names
                yield _event(told, names)
    except ApiError as error:
        if error.status == GONE:
            raise OutdatedError from error
        raise
    except ValueError as error:
        raise UnreachableError(f"the watch was cut off: {error}") from error


async def _list_once(connection: Connection, scope: Scope) -> Listing:
    found: list[JobRow] = []
    names: list[str] = []
    query: dict[str, Query] = {**scope.query, "limit": CHUNK}
    while True:
        table = await connection.table(scope.path, **query)
        names = columns(table) or names
        found += rows(table, names)
        meta = table["metadata"]
        if not meta.get("continue"):
            return Listing(found, int(meta["resourceVersion"]), names)
        query["continue"] = meta["continue"]


def _event(told: dict[str, Any], names: list[str]) -> Event:
    version = int(told["object"]["metadata"]["resourceVersion"])
    if told["type"] == "BOOKMARK":
        return Event(version)
    (row,) = rows(told["object"], names)
    return Event(version, row, gone=told["type"] == "DELETED")


def _refusal(status: dict[str, Any]) -> Exception:
    """What a watch says instead of an event; anything but its version being gone is tried again."""
    if status.get("code") == GONE:
        return OutdatedError()
    return UnreachableError(f"the watch ends: {status.get('message')}")
