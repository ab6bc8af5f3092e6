"""The other end of `files_program`: what its Pod's log says, back to bytes, and whether all of it came."""

import base64
import binascii
import hashlib
from collections.abc import AsyncIterable
from typing import IO


class ReaderError(Exception):
    """The reader Pod says why it cannot answer, or its answer did not come whole."""


async def receive(lines: AsyncIterable[str], into: IO[bytes]) -> None:
    """Raises `ReaderError`; then `into` holds nothing to rely on."""
    digest = hashlib.sha256()
    async for line in lines:
        if line.startswith("! "):
            raise ReaderError(line[2:])
        if line.startswith("= "):
            if line[2:].strip() != digest.hexdigest():
                raise ReaderError(
                    "what came differs from what was sent: the node's log has lost a part of it; try again"
                )
            return
        try:
            data = base64.b64decode(line, validate=True)
        except (binascii.Error, ValueError) as error:
            raise ReaderError(f"the reader Pod says: {line[:200]}") from error
        digest.update(data)
        into.write(data)
    raise ReaderError("the reader Pod's log ended before its answer did; try again")
