"""Between the operator and the API server: counts the operator's writes, and harms the one that a test names."""

import contextlib
import enum
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import aiohttp
import yaml
from aiohttp import web

from tests.simulated_kubelet.api import client_context

WRITES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
PASSED_ON: Final = ("Content-Type", "Accept", "Authorization", "User-Agent")


class Fault(enum.Enum):
    """What happens to one request. The kills need `kill`."""

    NONE = "it passes"
    KILL_BEFORE = "the operator is killed, and nothing reaches the server"
    KILL_AFTER = "the server commits, the operator is killed, and no answer reaches it"
    FAIL_BEFORE = "503, and nothing reaches the server"
    FAIL_AFTER = "the server commits, and the connection breaks"


@dataclass(frozen=True, slots=True)
class Write:
    """One write, Leases aside. `number` counts from 1 since the proxy was armed."""

    number: int
    verb: str
    path: str

    def __str__(self) -> str:
        return f"write {self.number}, {self.verb} {self.path}"


Choose = Callable[[Write], Fault]


def harmless(_write: Write) -> Fault:
    """Every write passes."""
    return Fault.NONE


class FaultProxy:
    """Plain HTTP on loopback; upstream it is whom the kubeconfig says. `kill` ends the operator."""

    def __init__(self, kubeconfig: Path, folder: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        self._server: str = config["clusters"][0]["cluster"]["server"]
        self._context = client_context(config)
        self._folder = folder
        self._choose: Choose = harmless
        self.kill: Callable[[], None] = lambda: None
        self.writes: list[Write] = []
        self.hit: Write | None = None

    def arm(self, choose: Choose) -> None:
        """From now on; writes are counted anew."""
        self._choose, self.writes, self.hit = choose, [], None

    async def __aenter__(self) -> Self:
        self._client = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=self._context, limit=0),
            timeout=aiohttp.ClientTimeout(total=None),
            auto_decompress=False,
        )
        app = web.Application(client_max_size=8 << 20)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()
        await self._client.close()

    def kubeconfig(self) -> Path:
        """For the operator: it leads here."""
        server = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "proxy", "cluster": {"server": server}}],
            "users": [{"name": "nobody", "user": {}}],
            "contexts": [{"name": "proxy", "context": {"cluster": "proxy", "user": "nobody"}}],
            "current-context": "proxy",
        }
        file = self._folder / "proxy.kubeconfig"
        file.write_text(yaml.safe_dump(config))
        return file

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        fault = self._fault(request)
        if fault is Fault.FAIL_BEFORE:
            return web.json_response({"kind": "Status", "code": 503, "message": "as the test wants it"}, status=503)
        if fault is Fault.KILL_BEFORE:
            self.kill()
            return self._broken(request)
        response = await self._forward(request, keep=fault is Fault.NONE)
        if fault is Fault.KILL_AFTER:
            self.kill()
        return response if fault is Fault.NONE else self._broken(request)

    def _fault(self, request: web.Request) -> Fault:
        if request.method not in WRITES or "/leases" in request.path:
            return Fault.NONE
        write = Write(len(self.writes) + 1, request.method, request.path)
        self.writes.append(write)
        fault = self._choose(write)
        if fault is not Fault.NONE:
            self.hit = write
        return fault

    async def _forward(self, request: web.Request, *, keep: bool) -> web.StreamResponse:
        """To the server; its answer chunk by chunk, as watches need it. Not `keep`: the answer is dropped."""
        headers = {name: request.headers[name] for name in PASSED_ON if name in request.headers}
        headers["Accept-Encoding"] = "identity"
        body = await request.read()
        url = self._server + request.raw_path
        async with self._client.request(request.method, url, headers=headers, data=body or None) as answer:
            response = web.StreamResponse(status=answer.status)
            for name in ("Content-Type", "Retry-After"):
                if name in answer.headers:
                    response.headers[name] = answer.headers[name]
            if not keep:
                await answer.read()
                return response
            with contextlib.suppress(ConnectionResetError):  # the operator went away meanwhile
                await response.prepare(request)
                async for chunk in answer.content.iter_any():
                    await response.write(chunk)
                await response.write_eof()
            return response

    @staticmethod
    def _broken(request: web.Request) -> web.StreamResponse:
        """No answer: the connection is reset."""
        if request.transport is not None:
            request.transport.abort()
        return web.Response()


def nth(number: int, fault: Fault) -> Choose:
    """That write and no other."""
    return lambda write: fault if write.number == number else Fault.NONE
