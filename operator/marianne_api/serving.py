"""How uvicorn serves the app, in a Pod as on the user's machine."""

import asyncio
import contextlib
import logging
import signal
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from marianne_api.prompt_requests import PromptRequests

GRACE_SECONDS: Final = 5
"""For what still runs when the process is told to stop; then streams are cut."""
CONNECTIONS: Final = 2000
RENEWED_SECONDS: Final = 30.0
log = logging.getLogger("marianne_api")


@dataclass(frozen=True, slots=True)
class KeyPair:
    """Files; whoever issues certificates puts new ones in their place."""

    certificate: Path
    key: Path

    def version(self) -> tuple[int, ...]:
        """Other when a file is; a mounted Secret is changed by moving a link."""
        seen = [file.stat() for file in (self.certificate, self.key)]
        return tuple(number for each in seen for number in (each.st_mtime_ns, each.st_ino))


def configuration(app: ASGIApp, host: str, port: int, header_bytes: int, pair: KeyPair | None = None) -> uvicorn.Config:
    """No access log: what matters is logged where it is written. Nobody's word is taken for another's address."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        ssl_certfile=pair.certificate if pair else None,
        ssl_keyfile=pair.key if pair else None,
        http=PromptRequests,
        h11_max_incomplete_event_size=header_bytes,
        ws="none",
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        limit_concurrency=CONNECTIONS,
    )


async def serve(config: uvicorn.Config, pair: KeyPair | None = None, listener: socket.socket | None = None) -> None:
    """Until SIGTERM or SIGINT, which end it in good order and are spent then. `listener`: bound before."""
    config.load()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().remove_signal_handler(number)  # a caller's own would cut off what is to end well
        signal.signal(number, lambda *_: None)  # uvicorn raises the signal again when it is through
    async with asyncio.TaskGroup() as tasks:
        renewing = None
        if pair is not None and config.ssl is not None:
            renewing = tasks.create_task(renew(config.ssl, pair, RENEWED_SECONDS))
        await uvicorn.Server(config).serve(None if listener is None else [listener])
        if renewing is not None:
            renewing.cancel()


async def renew(context: ssl.SSLContext, pair: KeyPair, seconds: float) -> None:
    """A Secret's certificate is replaced long before it ends; new connections get the new one."""
    known = pair.version()
    while True:
        await asyncio.sleep(seconds)
        with contextlib.suppress(OSError):  # looked at while it is being replaced: the next look finds it
            found = pair.version()
            if found != known and _load(context, pair):
                known = found


def _load(context: ssl.SSLContext, pair: KeyPair) -> bool:
    """Tried on another context first: one that failed half-way serves nobody."""
    try:
        for each in (ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), context):
            each.load_cert_chain(pair.certificate, pair.key)
    except ssl.SSLError as error:
        log.warning("the new certificate is of no use", extra={"why": str(error)})
        return False
    log.info("a new certificate is in use", extra={"file": str(pair.certificate)})
    return True
