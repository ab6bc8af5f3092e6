"""Between the API and the API server: nobody's credential of its own, and a moment in which a test may meddle."""

import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

from dev.cluster.control_plane import ControlPlane
from tests.apiserver.fault_proxy import FaultProxy


class MeddlingProxy(FaultProxy):
    """`before` is awaited once, before the first request of that verb is passed on."""

    def __init__(self, plane: ControlPlane, folder: Path) -> None:
        super().__init__(plane.kubeconfig, folder)
        self._context = ssl.create_default_context(cafile=str(plane.ca_file))
        self._verb, self._before = "", None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    def before(self, verb: str, meddle: Callable[[], Awaitable[object]]) -> None:
        """Once."""
        self._verb, self._before = verb, meddle

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if self._before is not None and request.method == self._verb:
            meddle, self._before = self._before, None
            await meddle()
        return await super()._handle(request)
