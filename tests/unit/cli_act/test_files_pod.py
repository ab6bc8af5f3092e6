"""The reader Pod is taken away whatever becomes of its caller."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path

import httpx
import pytest

from kubectl_marianne.files_answer import Asked, answer
from kubectl_marianne.files_pod import ask_pod
from kubectl_marianne.options import Options
from kubectl_marianne.output import Screen
from kubectl_marianne.session import Session
from marianne_client.access import Access
from marianne_client.connection import Connection
from marianne_client.identity import JobId
from tests.unit.cli_act.scripted_server import ScriptedServer, answered, watched

MANIFEST = {"kind": "Pod", "metadata": {"namespace": "band", "generateName": "song-files-"}}
POD = {"kind": "Pod", "metadata": {"namespace": "band", "name": "song-files-x", "uid": "u-9", "resourceVersion": "3"}}
RUNNING = POD | {"status": {"phase": "Running"}}
JOB = {
    "apiVersion": "marianne.dev/v1alpha1",
    "kind": "MarianneJob",
    "metadata": {"name": "song", "namespace": "band", "uid": "u-1"},
    "spec": {},
}
CLAIM = {"metadata": {"name": "song-workspace", "uid": "c-1"}, "spec": {"accessModes": ["ReadWriteMany"]}}
NOTHING = b"= " + hashlib.sha256().hexdigest().encode() + b"\n"
"""The log of a reader that found an empty file."""
NOWHERE = Access("http://api.example", False, dict)
REMOVED = ("DELETE", "/api/v1/namespaces/band/pods/song-files-x")


class SlowServer:
    """Makes the Pod when `making` was seen and `go` is set; of what happens to it nothing is told."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.making, self.go, self.watched = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append((request.method, request.url.path))
        if request.method == "POST":
            self.making.set()
            await self.go.wait()
            return httpx.Response(201, json=POD)
        if request.method == "DELETE":
            assert json.loads(request.content)["preconditions"] == {"uid": "u-9"}
            return httpx.Response(200, json={})
        self.watched.set()
        await asyncio.Event().wait()
        raise AssertionError

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[asyncio.Task[None]]:
        async with httpx.AsyncClient(base_url="http://api.example", transport=httpx.MockTransport(self.answer)) as http:
            yield asyncio.create_task(ask_pod(Connection(http, dict, "marianne-cli"), MANIFEST, BytesIO(), None))


async def test_when_the_caller_leaves() -> None:
    server = SlowServer()
    server.go.set()
    async with server.asking() as task:
        await server.watched.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert server.asked[-1] == REMOVED


async def test_when_the_caller_leaves_while_it_is_being_made() -> None:
    """The API server makes it all the same, and nobody else knows its name."""
    server = SlowServer()
    async with server.asking() as task:
        await server.making.wait()
        task.cancel()
        server.go.set()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert [method for method, _ in server.asked] == ["POST", "DELETE"]
    assert server.asked[-1] == REMOVED


async def test_a_reader_that_has_left_is_no_error_of_the_workspace(monkeypatch: pytest.MonkeyPatch) -> None:
    """`files song cat report.md | head -1`: a broken pipe is an OSError too, but not one to tell of."""

    def left(*_: object) -> None:
        raise BrokenPipeError

    answers = (
        answered(JOB),
        answered(CLAIM),
        answered(POD),
        watched(("ADDED", RUNNING)),
        httpx.Response(200, content=NOTHING),
        answered({}),
    )
    server = ScriptedServer(*answers)
    async with server.connection() as connection:
        opened = Session(connection, NOWHERE, "band", Screen(None, None, fancy=False, redraws=False), Options())
        monkeypatch.setattr("kubectl_marianne.files_answer._deliver", left)
        with pytest.raises(BrokenPipeError):
            await answer(opened, JobId("band", "song"), Asked("cat", "report.md", Path(), "image:1", None))
    assert server.asked[-1].method == "DELETE"
