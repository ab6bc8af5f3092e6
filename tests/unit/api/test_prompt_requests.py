"""Who takes a connection and asks nothing loses it; who is answered does not."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import pytest
import uvicorn
from starlette.responses import PlainTextResponse, StreamingResponse

from marianne_api import prompt_requests
from marianne_api.serving import configuration
from tests.apiserver.waiting import wait_for

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
Open = Callable[[], "contextlib.AbstractAsyncContextManager[tuple[asyncio.StreamReader, asyncio.StreamWriter]]"]


@pytest.fixture
def release() -> asyncio.Event:
    return asyncio.Event()


@pytest.fixture
async def server(release: asyncio.Event, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[uvicorn.Server]:
    """The server answers `/slow` when it is released, `/stream` without an end, all else at once, reading no body."""
    monkeypatch.setattr(prompt_requests, "HEAD_SECONDS", 0.2)

    async def stream():
        yield b"first"
        await asyncio.Event().wait()

    async def app(scope, receive, send) -> None:
        if scope["path"] == "/slow":
            await release.wait()
        if scope["path"] == "/stream":
            await StreamingResponse(stream())(scope, receive, send)
            return
        await PlainTextResponse("answer")(scope, receive, send)

    config = configuration(app, "127.0.0.1", 0, 16 << 10)
    config.lifespan = "off"
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())

    async def started() -> bool:
        return server.started

    await wait_for("the server", started)

    yield server
    server.should_exit = True
    await serving


@pytest.fixture
def connect(server: uvicorn.Server) -> Open:
    @contextlib.asynccontextmanager
    async def opened():
        reader, writer = await asyncio.open_connection(*server.servers[0].sockets[0].getsockname())
        yield reader, writer
        writer.close()

    return opened


async def test_a_stream_does_not_hold_up_the_end(
    server: uvicorn.Server, connect: Open, caplog: pytest.LogCaptureFixture
) -> None:
    async with connect() as (reader, writer):
        writer.write(b"GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await reader.readuntil(b"first")
        server.should_exit = True
        await reader.read()
    assert [each for each in caplog.records if each.levelname == "ERROR"] == []


async def test_what_is_being_answered_is_answered_at_the_end(
    server: uvicorn.Server, connect: Open, release: asyncio.Event
) -> None:
    async with connect() as (reader, writer):
        writer.write(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await writer.drain()
        server.should_exit = True
        asyncio.get_running_loop().call_later(0.2, release.set)
        assert (await reader.read()).endswith(b"answer")


async def trickle(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    "begun",
    [b"", b"GET", REQUEST, b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n", REQUEST + b"\r\n"],
)
async def test_bytes_that_are_no_request_keep_no_connection(connect: Open, begun: bytes) -> None:
    async with connect() as (reader, writer), asyncio.timeout(20):
        writer.write(begun)
        trickling = asyncio.create_task(trickle(writer))
        with contextlib.suppress(ConnectionResetError):
            await reader.read()
        trickling.cancel()


async def test_silence_keeps_none_either(connect: Open) -> None:
    async with connect() as (reader, _), asyncio.timeout(20):
        assert await reader.read() == b""


async def test_who_waits_for_an_answer_keeps_it(connect: Open, release: asyncio.Event) -> None:
    async with connect() as (reader, writer), connect() as (other, _), asyncio.timeout(20):
        writer.write(REQUEST.replace(b"/ ", b"/slow ", 1) + b"\r\n")
        for _ in range(3):
            assert await other.read() == b""
            async with connect() as (again, _):
                assert await again.read() == b""
        release.set()
        assert b"200 OK" in await reader.readuntil(b"answer")
