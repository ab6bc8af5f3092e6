"""An API server that answers as a test has written down, one answer for each request."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from marianne_client.connection import Connection

BASE = "http://api.example"
Answer = httpx.Response | Exception


class ScriptedServer:
    """`asked` are the requests so far."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = list(answers)
        self.asked: list[httpx.Request] = []

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """To this server."""
        async with httpx.AsyncClient(base_url=BASE, transport=httpx.MockTransport(self._answer)) as client:
            yield Connection(client, dict, "marianne-cli")


def answered(body: Any, status: int = 200) -> httpx.Response:
    return httpx.Response(status, json=body)


def refused(status: int, reason: str, message: str) -> httpx.Response:
    return answered({"kind": "Status", "reason": reason, "message": message}, status)


def listed(*items: dict[str, Any], version: str = "7") -> httpx.Response:
    return answered({"metadata": {"resourceVersion": version}, "items": list(items)})


def watched(*events: tuple[str, Any]) -> httpx.Response:
    """The events, then the end of the stream."""
    lines = (json.dumps({"type": kind, "object": body}) + "\n" for kind, body in events)
    return httpx.Response(200, content="".join(lines).encode())


def a_job(phase: str | None = None, uid: str = "u-1", name: str = "song", **spec: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "band", "uid": uid, "generation": 1, "resourceVersion": "5"}
    status = {"observedGeneration": 1, "startTime": "2026-11-24T12:00:00Z"} | ({"phase": phase} if phase else {})
    return {"metadata": metadata, "spec": spec, "status": status}
