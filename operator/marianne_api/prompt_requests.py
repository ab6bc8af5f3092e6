"""Connections are places, and there are only so many: who takes one says in time what for."""

import asyncio
from typing import Final

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS: Final = 10.0


class PromptRequests(H11Protocol):
    """Closes a connection on which nothing is answered and no request begins, however busily bytes trickle in.

    uvicorn itself waits for a head for ever, and for the rest of a body that nobody wants any more.
    """

    _until: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's own
        """As asyncio wants it."""
        super().connection_made(transport)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """As asyncio wants it."""
        self._trust()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """As asyncio wants it."""
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:
            self._watch()
        else:
            self._trust()

    def shutdown(self) -> None:
        """A stream has no end of its own to wait for: its reader comes again, to another replica or the next process.

        What else is being answered is answered.
        """
        super().shutdown()
        if self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete:
            self.transport.close()

    def _watch(self) -> None:
        if self._until is None:
            self._until = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _trust(self) -> None:
        if self._until is not None:
            self._until.cancel()
            self._until = None
