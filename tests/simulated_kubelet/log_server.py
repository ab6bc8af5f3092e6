"""The part of a kubelet that the API server calls for `pods/log`."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from aiohttp import web

from tests.simulated_kubelet.container_log import ContainerLog

Find = Callable[[str, str], ContainerLog | None]
"""By namespace and name of the Pod; None where its container was not started yet."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a server on this node shows, and whose clients it trusts."""

    file: Path
    key: Path
    authority: Path


class LogServer:
    """An async context manager; `port` once it is open. Only the API server's own certificate is let in."""

    def __init__(self, certificate: Certificate, find: Find) -> None:
        self._find = find
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=certificate.authority)
        self._context.verify_mode = ssl.CERT_REQUIRED
        self._context.load_cert_chain(certificate.file, certificate.key)
        app = web.Application()
        app.router.add_get("/containerLogs/{namespace}/{pod}/{container}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        self.port = 0

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._context)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        pod, container, asked = request.match_info["pod"], request.match_info["container"], request.query
        log = self._find(request.match_info["namespace"], pod)
        if log is None:
            text = f'container "{container}" in pod "{pod}" is waiting to start: ContainerCreating'
            return web.Response(status=400, text=text)
        start = log.since(asked.get("sinceTime"))
        if "tailLines" in asked:
            start = max(start, len(log.lines) - int(asked["tailLines"]))
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await response.prepare(request)
        async for time, text in log.read(start, follow=asked.get("follow") == "true"):
            stamp = f"{time} ".encode() if asked.get("timestamps") == "true" else b""
            await response.write(stamp + text + b"\n")
        return response
