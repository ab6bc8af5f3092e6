"""The floor of streams: writes the same bytes to every connection for each line on stdin, and does nothing else."""

import asyncio
import sys
from typing import Final

HEAD: Final = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
FRAME: Final = b"event: job_status\ndata: " + b"x" * 600 + b"\n\n"
CHUNK: Final = b"%x\r\n%s\r\n" % (len(FRAME), FRAME)


class Stream(asyncio.Protocol):
    """One reader's."""

    def __init__(self, streams: list[asyncio.Transport]) -> None:
        self._streams = streams

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It hears of the first state at once."""
        assert isinstance(transport, asyncio.Transport)
        transport.write(HEAD + CHUNK)
        self._streams.append(transport)


async def serve() -> None:
    """Prints the port; ends with stdin."""
    streams: list[asyncio.Transport] = []
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Stream(streams), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        for stream in streams:
            stream.write(CHUNK)


if __name__ == "__main__":
    asyncio.run(serve())
