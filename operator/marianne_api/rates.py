"""How often one identity may ask: by user, not by token, for tokens can be had in any number."""

from collections.abc import Callable
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from marianne_api.authentication import Caller
from marianne_api.errors import too_many
from marianne_api.limits import Buckets, TooManyError
from marianne_api.settings import Limits

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Rates:
    """Reads and writes are counted apart. Who has no caller is at an open path, and passes."""

    def __init__(self, app: ASGIApp, limits: Limits, clock: Callable[[], float]) -> None:
        self._app = app
        self._reads = Buckets(limits.reads_per_second, limits.reads_at_once, clock)
        self._writes = Buckets(limits.writes_per_second, limits.writes_at_once, clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI wants it."""
        caller: Caller | None = (scope.get("state") or {}).get("caller")
        if caller is not None:
            buckets = self._reads if scope["method"] in SAFE else self._writes
            try:
                buckets.take(caller.username)
            except TooManyError as error:
                await too_many(error)(scope, receive, send)
                return
        await self._app(scope, receive, send)
