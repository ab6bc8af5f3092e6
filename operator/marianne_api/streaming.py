"""Answers without a known end."""

from collections.abc import AsyncGenerator, Mapping

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send


class Streamed(StreamingResponse):
    """Ends what it tells of when the reader leaves: else its connections are open until garbage is collected."""

    def __init__(self, told: AsyncGenerator[bytes, None], media_type: str, headers: Mapping[str, str]) -> None:
        super().__init__(told, media_type=media_type, headers=headers)
        self._told = told

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI wants it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._told.aclose()
