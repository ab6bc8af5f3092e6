"""What a connection sees of an API server that holds jobs: lists, watches, single jobs, reviews; and how it fails."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any, cast

from marianne_api.authentication import Caller
from marianne_client.connection import Connection
from marianne_client.errors import ApiError, UnreachableError

COLUMNS = ("Name", "Phase", "Progress", "Namespace", "UID", "Created", "Started")
NAMESPACE = "team"
CREATED = "2026-11-24T10:00:00Z"


class FakeServer:
    """Takes the place of a `Connection`. `down`: no answer. `compacted`: no watch from a version before that."""

    def __init__(self) -> None:
        self.version = 10
        self.jobs: dict[str, dict[str, Any]] = {}
        self.down = False
        self.compacted = 0
        self.allowed = True
        self.asked: list[str] = []
        self.chunk = 0
        self.fail_chunk_once = False
        self._watches: list[asyncio.Queue[str | Exception | None]] = []

    def caller(self, identity: str = "me") -> Caller:
        return Caller(identity, identity, (), cast(Connection, self))

    @property
    def watches(self) -> int:
        return len(self._watches)

    def put(self, name: str, **status: Any) -> None:
        self.version += 1
        held = self.jobs.get(name)
        meta = {
            "namespace": NAMESPACE,
            "name": name,
            "uid": f"uid-{name}",
            "creationTimestamp": CREATED,
            "generation": 1,
        }
        meta |= held["metadata"] if held else {}
        status = {**(held["status"] if held else {}), "observedGeneration": 1, **status}
        self.jobs[name] = {"metadata": {**meta, "resourceVersion": str(self.version)}, "spec": {}, "status": status}
        self._tell("MODIFIED" if held else "ADDED", self.jobs[name])

    def remove(self, name: str) -> None:
        self.version += 1
        self._tell("DELETED", self.jobs.pop(name))

    def bookmark(self) -> None:
        self.version += 1
        self._tell("BOOKMARK", {"metadata": {}, "status": {}})

    def cut(self, error: Exception | None = None) -> None:
        """Every watch breaks; without an error, it ends as watches do."""
        for queue in self._watches:
            queue.put_nowait(error)

    def say(self, line: str) -> None:
        for queue in self._watches:
            queue.put_nowait(line)

    async def table(self, path: str, **query: Any) -> dict[str, Any]:
        self._answer("list")
        names = sorted(self.jobs)
        if not self.chunk:
            return self._table([self.jobs[name] for name in names])
        start = int(query.get("continue", 0))
        if start and self.fail_chunk_once:
            self.fail_chunk_once = False
            raise ApiError(410, "Expired", "the continue token is too old")
        table = self._table([self.jobs[name] for name in names[start : start + self.chunk]])
        if start + self.chunk < len(names):
            table["metadata"]["continue"] = str(start + self.chunk)
        return table

    async def get(self, path: str, **query: Any) -> dict[str, Any]:
        self._answer("get")
        name = path.rsplit("/", 1)[1]
        if name not in self.jobs:
            raise ApiError(404, "NotFound", f"{name} not found")
        return self.jobs[name]

    async def ask(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        self._answer("review")
        return {"status": {"allowed": self.allowed}}

    @contextlib.asynccontextmanager
    async def lines(self, path: str, **query: Any) -> AsyncIterator[AsyncIterator[str]]:
        self._answer(f"watch {query['resourceVersion']}")
        if query["resourceVersion"] < self.compacted:
            raise ApiError(410, "Expired", "too old resource version")
        queue: asyncio.Queue[str | Exception | None] = asyncio.Queue()
        self._watches.append(queue)
        try:
            yield self._lines(queue)
        finally:
            self._watches.remove(queue)

    async def _lines(self, queue: "asyncio.Queue[str | Exception | None]") -> AsyncIterator[str]:
        while (said := await queue.get()) is not None:
            if isinstance(said, Exception):
                raise said
            yield said

    def _answer(self, what: str) -> None:
        self.asked.append(what)
        if self.down:
            raise UnreachableError("connection refused")

    def _tell(self, kind: str, job: dict[str, Any]) -> None:
        table = self._table([job])
        table["columnDefinitions"] = None
        self.say(json.dumps({"type": kind, "object": table}))

    def _table(self, jobs: list[dict[str, Any]]) -> dict[str, Any]:
        columns = [{"name": name} for name in COLUMNS]
        rows = [{"cells": self._cells(job["metadata"], job["status"])} for job in jobs]
        return {"metadata": {"resourceVersion": str(self.version)}, "columnDefinitions": columns, "rows": rows}

    @staticmethod
    def _cells(meta: Mapping[str, Any], status: Mapping[str, Any]) -> list[Any]:
        of_meta = [meta.get("namespace"), meta.get("uid"), meta.get("creationTimestamp")]
        return [meta.get("name"), status.get("phase"), status.get("progress"), *of_meta, status.get("startTime")]
