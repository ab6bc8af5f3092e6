"""A stream whose reader has left holds nothing."""

import asyncio
from collections.abc import AsyncGenerator

from marianne_api.streaming import Streamed


async def test_what_is_streamed_is_ended_with_its_reader():
    begun, ended = asyncio.Event(), []

    async def told() -> AsyncGenerator[bytes, None]:
        kept = []
        try:
            yield b"first"
            begun.set()
            await asyncio.Event().wait()
        except BaseException as error:
            kept.append((error, kept))  # as a traceback does, it keeps what it came from
            raise
        finally:
            ended.append(True)

    async def leaves():
        await begun.wait()
        return {"type": "http.disconnect"}

    async def send(_message):
        return

    stream = Streamed(told(), "text/event-stream", {})
    async with asyncio.timeout(10):
        await stream({"type": "http", "asgi": {"spec_version": "2.3"}}, leaves, send)
    assert ended == [True]


async def test_nor_does_one_that_stands_still_because_nobody_takes_what_it_sends():
    ended = []

    async def told() -> AsyncGenerator[bytes, None]:
        try:
            yield b"first"
        finally:
            ended.append(True)

    taken = asyncio.Event()

    async def leaves():
        await taken.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        if message["type"] == "http.response.body":
            taken.set()
            await asyncio.Event().wait()

    stream = Streamed(told(), "text/event-stream", {})
    async with asyncio.timeout(10):
        await stream({"type": "http", "asgi": {"spec_version": "2.3"}}, leaves, send)
    assert ended == [True]
