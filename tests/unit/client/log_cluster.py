"""An API server that has one job, and Pod logs whose streams break where a test says so."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from marianne_client.connection import Connection
from marianne_operator.model.names import pod_name

UID = "11111111-aaaa"
JOBS = "/apis/marianne.dev/v1alpha1/namespaces/team/mariannejobs"


@dataclass(slots=True)
class Log:
    """`lines` as a kubelet gives them; each entry of `breaks` is where one stream ends before its time.

    `rest_breaks`: where one reading of what is there does. `clean`: its end looks like any other. `refused` are
    answers instead of a log.
    """

    lines: list[str] = field(default_factory=list)
    breaks: list[int] = field(default_factory=list)
    rest_breaks: list[int] = field(default_factory=list)
    clean: bool = False
    over: bool = False
    refused: list[int] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    more: asyncio.Event = field(default_factory=asyncio.Event)

    def say(self, *lines: str, over: bool = False) -> None:
        self.lines += lines
        self.over = over
        self.more.set()


@dataclass(slots=True)
class LogCluster:
    """`tell` changes the job; `logs` are by (sheet, attempt)."""

    sheets: list[dict[str, Any]]
    logs: dict[tuple[int, int], Log] = field(default_factory=dict)
    status: dict[str, Any] = field(default_factory=dict)
    version: int = 1
    deleted: bool = False
    away: int = 0
    """So many requests find nobody."""
    watches: int = 0
    cut: bool = False
    """Watches end with the next change, and do not tell it."""
    uid: str = UID
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    def connection(self) -> Connection:
        client = httpx.AsyncClient(base_url="https://cluster", transport=httpx.MockTransport(self._answer))
        return Connection(client, dict, "marianne-test")

    async def tell(self, *sheets: dict[str, Any], deleted: bool = False, **status: Any) -> None:
        async with self.changed:
            self.sheets, self.status, self.deleted = list(sheets) or self.sheets, status or self.status, deleted
            self.version += 1
            self.changed.notify_all()

    @property
    def body(self) -> dict[str, Any]:
        meta = {"name": "song", "namespace": "team", "uid": self.uid, "resourceVersion": str(self.version)}
        return {"metadata": meta, "status": {"sheets": self.sheets, **self.status}}

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        if self.away:
            self.away -= 1
            raise httpx.ConnectError("nobody is there")
        query = dict(request.url.params)
        if request.url.path == f"{JOBS}/song":
            return httpx.Response(404 if self.deleted else 200, json=self.body)
        if "watch" in query:
            self.watches += 1
            return httpx.Response(200, content=self._events(int(query["resourceVersion"])))
        if request.url.path == JOBS:
            listed = {"metadata": {"resourceVersion": str(self.version)}, "items": [] if self.deleted else [self.body]}
            return httpx.Response(200, json=listed)
        pod = request.url.path.split("/")[-2]
        log = next((log for at, log in self.logs.items() if pod == pod_name("song", UID, *at)), None)
        if log is None:
            return httpx.Response(404, json={"kind": "Status", "reason": "NotFound", "message": "no such Pod"})
        log.asked.append(query)
        if log.refused:
            return httpx.Response(log.refused.pop(0), json={"kind": "Status", "message": "as told"})
        return httpx.Response(200, content=self._stream(log, query))

    async def _events(self, version: int) -> AsyncIterator[bytes]:
        while not self.deleted:
            async with self.changed:
                await self.changed.wait_for(lambda seen=version: self.version > seen)
            version = self.version
            if self.cut:
                return
            kind = "DELETED" if self.deleted else "MODIFIED"
            yield json.dumps({"type": kind, "object": self.body}).encode() + b"\n"

    async def _stream(self, log: Log, query: dict[str, str]) -> AsyncIterator[bytes]:
        since = query.get("sinceTime", "")
        lines = [line for line in log.lines if line[:19] >= since[:19]]
        lines = lines[len(lines) - min(len(lines), int(query["tailLines"])) :] if "tailLines" in query else lines
        follow = query.get("follow") == "true"
        breaks = log.breaks if follow else log.rest_breaks
        left = breaks.pop(0) if breaks else None
        seen = len(log.lines)
        while True:
            for line in lines:
                if left == 0:
                    break
                left = None if left is None else left - 1
                yield line.encode() + b"\n"
            if left == 0:
                if log.clean:
                    return
                raise httpx.ReadError("cut")
            if not follow or log.over:
                return
            await log.more.wait()
            log.more.clear()
            lines, seen = log.lines[seen:], len(log.lines)
