"""The API inside the test's own process, where a test may change how often it asks."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import httpx
import uvicorn

from marianne_api.application import create_app
from marianne_api.read.hub import MOST, Hub
from marianne_api.read.timing import Timing
from marianne_api.serving import configuration
from marianne_api.settings import ApiSettings, Limits
from marianne_client.access import in_cluster
from tests.apiserver.waiting import wait_for

NO_LIMITS = Limits(reads_per_second=10_000, reads_at_once=10_000, streams=1000, streams_in_all=1000)


class ServedApp:
    """`hub` is the app's own."""

    def __init__(self, url: str, hub: Hub) -> None:
        self.url, self.hub = url, hub

    def client(self, token: str) -> httpx.AsyncClient:
        """An async context manager."""
        headers = {"Authorization": f"Bearer {token}"}
        limits = httpx.Limits(max_connections=None)
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=30, trust_env=False, limits=limits)


@contextlib.asynccontextmanager
async def served(
    server: str, authority: Path, timing: Timing, limits: Limits = NO_LIMITS, watches: int = MOST
) -> AsyncIterator[ServedApp]:
    """On a free port; streams are cut when it ends."""
    where: Mapping[str, str] = {
        "MARIANNE_API_KUBERNETES_SERVER": server,
        "MARIANNE_API_KUBERNETES_CA": str(authority),
    }
    app = create_app(ApiSettings(limits=limits), in_cluster(where))
    hub = app.state.hub = Hub(timing, watches)
    app.state.marianne.closing.callback(hub.close)
    config = configuration(app, "127.0.0.1", 0, limits.header_bytes)
    config.timeout_graceful_shutdown = 0
    running = uvicorn.Server(config)
    serving = asyncio.create_task(running.serve())

    async def ready() -> bool:
        return running.started

    await wait_for("the app to serve", ready)
    try:
        yield ServedApp(f"http://127.0.0.1:{running.servers[0].sockets[0].getsockname()[1]}", hub)
    finally:
        running.should_exit = True
        await serving
