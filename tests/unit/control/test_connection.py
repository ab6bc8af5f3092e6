"""How answers become exceptions, and what is counted; against a server of our own that answers as told."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from kubernetes.aio.client.configuration import Configuration

from marianne_operator.control.cluster import (
    AlreadyExistsError,
    ClusterError,
    ConflictError,
    NotFoundError,
    RefusedError,
    TooManyRequestsError,
    UnknownOutcomeError,
)
from marianne_operator.control.connection import Connection, resource_of


class Stage:
    def __init__(self) -> None:
        self.answers: list[web.Response | str] = []
        self.asked: list[web.Request] = []
        self.counted: list[tuple[str, str, int]] = []
        self.runner = web.AppRunner(self._app(), shutdown_timeout=0.1)

    def _app(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        return app

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        await request.read()
        assert self.answers, "asked more often than told"
        answer = self.answers.pop(0)
        if isinstance(answer, web.Response):
            return answer
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async def open(self) -> Connection:
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", 0)
        await site.start()
        configuration = Configuration()
        configuration.host = f"http://127.0.0.1:{self.runner.addresses[0][1]}"
        configuration.api_key["BearerToken"] = "bearer secret"
        return Connection(configuration, lambda verb, what, code, _: self.counted.append((verb, what, code)))


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    stage = Stage()
    yield stage
    await stage.runner.cleanup()


@pytest.fixture
async def connection(stage: Stage) -> AsyncIterator[Connection]:
    connection = await stage.open()
    yield connection
    await connection.close()


def answer(code: int, reason: str = "", headers: dict[str, str] | None = None) -> web.Response:
    status = {"kind": "Status", "reason": reason, "message": f"told {reason}"}
    return web.json_response(status, status=code, headers=headers)


ERRORS: dict[str, tuple[web.Response | str, type[ClusterError]]] = {
    "404": (answer(404, "NotFound"), NotFoundError),
    "409 exists": (answer(409, "AlreadyExists"), AlreadyExistsError),
    "409 conflict": (answer(409, "Conflict"), ConflictError),
    "403": (answer(403, "Forbidden"), RefusedError),
    "422": (answer(422, "Invalid"), RefusedError),
    "429": (answer(429, "TooManyRequests"), TooManyRequestsError),
    "500": (answer(500, "InternalError"), UnknownOutcomeError),
    "504": (answer(504, "Timeout"), UnknownOutcomeError),
    "reset": ("abort", UnknownOutcomeError),
    "no JSON": (web.Response(text="<html>"), UnknownOutcomeError),
    "a proxy's page": (web.Response(text="<html>", status=404), NotFoundError),
}


@pytest.mark.parametrize("case", ERRORS)
async def test_answers_become_exceptions(stage: Stage, connection: Connection, case: str) -> None:
    given, expected = ERRORS[case]
    stage.answers.append(given if isinstance(given, str) else _again(given))
    with pytest.raises(expected):
        await connection.request("POST", "/api/v1/namespaces/default/pods", {"kind": "Pod"})


def _again(given: web.Response) -> web.Response:
    """A response can be sent once; the table is used for one test each, but may be collected twice."""
    return web.Response(body=given.body, status=given.status, headers={"Content-Type": "application/json"})


async def test_a_refusal_keeps_the_servers_words(stage: Stage, connection: Connection) -> None:
    stage.answers.append(answer(422, "Invalid"))
    with pytest.raises(RefusedError) as refused:
        await connection.request("GET", "/api/v1/pods")
    assert (refused.value.code, refused.value.reason, refused.value.message) == (422, "Invalid", "told Invalid")


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("soon", 1.0), (None, 1.0)])
async def test_how_long_to_leave_it_alone(
    stage: Stage, connection: Connection, header: str | None, seconds: float
) -> None:
    stage.answers.append(answer(429, "TooManyRequests", {"Retry-After": header} if header else None))
    with pytest.raises(TooManyRequestsError) as throttled:
        await connection.request("GET", "/api/v1/pods")
    assert throttled.value.retry_after == seconds


async def test_what_is_sent(stage: Stage, connection: Connection) -> None:
    stage.answers.append(web.json_response({"kind": "Pod"}))
    body: dict[str, Any] = {"kind": "Pod", "metadata": {"name": "ü"}}
    assert await connection.request("POST", "/api/v1/pods", body, {"fieldManager": "m"}) == {"kind": "Pod"}
    asked = stage.asked[0]
    assert json.loads(await asked.read()) == body
    assert asked.query == {"fieldManager": "m"}
    assert asked.headers["Content-Type"] == "application/json"
    assert asked.headers["Authorization"] == "bearer secret"
    assert asked.headers["User-Agent"] == "marianne-operator"


async def test_every_request_is_counted(stage: Stage, connection: Connection) -> None:
    stage.answers += [web.json_response({}), answer(404), "abort"]
    await connection.request("GET", "/api/v1/namespaces/x/pods/y")
    for _ in range(2):
        with pytest.raises(ClusterError):
            await connection.request("POST", "/api/v1/namespaces/x/pods", {})
    assert stage.counted == [("GET", "pods", 200), ("POST", "pods", 404), ("POST", "pods", 0)]
    assert len(stage.asked) == 3, "a create is never repeated by the client"


async def test_a_listing_is_read_to_its_end(stage: Stage, connection: Connection) -> None:
    first = {"metadata": {"resourceVersion": "5", "continue": "token"}, "items": [{"n": 1}]}
    last = {"metadata": {"resourceVersion": "5"}, "items": [{"n": 2}]}
    stage.answers += [web.json_response(first), web.json_response(last)]
    assert await connection.pages("/api/v1/pods", {"labelSelector": "a"}) == (5, [{"n": 1}, {"n": 2}])
    assert [request.query.get("continue") for request in stage.asked] == [None, "token"]
    assert all(request.query["labelSelector"] == "a" for request in stage.asked)
    assert not any("resourceVersion" in request.query for request in stage.asked), "a quorum read"


async def test_a_cancelled_call_stays_cancelled(stage: Stage, connection: Connection) -> None:
    call = asyncio.ensure_future(connection.request("GET", "/api/v1/pods"))
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


@pytest.mark.parametrize(
    ("path", "resource"),
    [
        ("/api/v1/pods", "pods"),
        ("/api/v1/namespaces/x/pods/y", "pods"),
        ("/api/v1/namespaces/x", "namespaces"),
        ("/apis/marianne.dev/v1alpha1/namespaces/x/mariannejobs/y/status", "mariannejobs/status"),
        ("/apis/marianne.dev/v1alpha1/clusterinstruments", "clusterinstruments"),
    ],
)
def test_labels_of_few_values(path: str, resource: str) -> None:
    assert resource_of(path) == resource
