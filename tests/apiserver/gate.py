"""A network in front of an API server, which can be cut and joined again. It sees ciphertext only."""

import asyncio
import contextlib
from types import TracebackType
from typing import Self


class Gate:
    """Leads to that port of this machine, until `shut`; then every connection is reset, new ones too."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._open = True
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """The API server, as seen through it."""
        assert self._server is not None
        return f"https://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._lead, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shut()
        assert self._server is not None
        self._server.close()

    def shut(self) -> None:
        """The network is gone."""
        self._open = False
        for writer in self._writers:
            writer.transport.abort()

    def open(self) -> None:
        """The network is back."""
        self._open = True

    async def _lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._open:
            writer.transport.abort()
            return
        beyond_reader, beyond_writer = await asyncio.open_connection("127.0.0.1", self._target)
        both = {writer, beyond_writer}
        self._writers |= both
        await asyncio.gather(_pour(reader, beyond_writer), _pour(beyond_reader, writer))
        self._writers -= both


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()
    writer.close()
