"""`/healthz`, `/readyz`, `/metrics`, from facts: not whether the process answers, but whether it gets things done."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from marianne_operator.control.conductor import Conductor

PATIENCE_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Facts:
    """Alive: what is queued is looked at, what is written is heard of. Ready: alive, and the Lease is held."""

    lease_held: bool
    oldest_queue_item_seconds: float
    unheard_write_seconds: float

    @property
    def alive(self) -> bool:
        """A restart would not help."""
        return max(self.oldest_queue_item_seconds, self.unheard_write_seconds) < PATIENCE_SECONDS

    @property
    def ready(self) -> bool:
        """Jobs are being conducted by this process."""
        return self.alive and self.lease_held

    def told(self) -> str:
        """For whoever asks with curl."""
        return json.dumps(
            {
                "leaseHeld": self.lease_held,
                "oldestQueueItemSeconds": round(self.oldest_queue_item_seconds, 3),
                "unheardWriteSeconds": round(self.unheard_write_seconds, 3),
            }
        )


def facts_of(conductor: Conductor, lease_held: bool) -> Facts:
    """As they are now."""
    oldest = conductor.queue.statistics().oldest_seconds
    return Facts(lease_held, oldest, conductor.cache.echo.oldest_seconds())


class HealthServer:
    """`port` 0 takes a free one; `port` tells which, once started."""

    def __init__(self, facts: Callable[[], Facts], metrics: Callable[[], bytes], port: int) -> None:
        self._facts = facts
        self._metrics = metrics
        self.port = port
        app = web.Application()
        app.add_routes(
            [web.get("/healthz", self._healthz), web.get("/readyz", self._readyz), web.get("/metrics", self._figures)]
        )
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.1)

    async def start(self) -> None:
        """Listen on all addresses, since probes come from the node; with a free port, on loopback."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, None if self.port else "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Close every connection."""
        await self._runner.cleanup()

    async def _healthz(self, _request: web.Request) -> web.Response:
        facts = self._facts()
        return _answer(facts, facts.alive)

    async def _readyz(self, _request: web.Request) -> web.Response:
        facts = self._facts()
        return _answer(facts, facts.ready)

    async def _figures(self, _request: web.Request) -> web.Response:
        return web.Response(body=self._metrics(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})


def _answer(facts: Facts, good: bool) -> web.Response:
    return web.Response(text=facts.told(), status=200 if good else 503, content_type="application/json")
