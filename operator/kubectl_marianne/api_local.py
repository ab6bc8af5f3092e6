"""The API's app for one user: loopback, one random token, the kubeconfig's credential behind it."""

import contextlib
import logging
import os
import secrets
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from kubectl_marianne import exits
from kubectl_marianne.fetch import LEASE
from kubectl_marianne.options import Options
from kubectl_marianne.output import complain, tell
from kubectl_marianne.session import access
from marianne_api.application import create_app
from marianne_api.serving import configuration, serve
from marianne_api.settings import ApiSettings
from marianne_operator import logs

HOST: Final = "127.0.0.1"


async def serve_local(options: Options, port: int, token_file: Path | None) -> int:
    """Until Ctrl-C. The token is never sent anywhere, and its file goes when this ends."""
    token = secrets.token_urlsafe(32)
    settings = ApiSettings(
        namespaces=(options.namespace,) if options.namespace else (),
        lease_namespace=options.operator_namespace,
        lease_name=LEASE,
        field_manager="marianne-api",
    )
    app = create_app(settings, access(options), own_token=token)
    logs.configure("info", "console")
    for noisy in ("httpx", "uvicorn.error"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    try:
        with _listening(port) as listener, _kept(token, token_file) as kept:
            tell(f"http://{HOST}:{listener.getsockname()[1]}")
            tell(f"token: {token}")
            tell(f"token file: {kept}")
            await serve(configuration(app, HOST, port, settings.limits.header_bytes), listener=listener)
    except OSError as error:
        complain(f"error: {error}")
        return exits.ERROR
    return exits.OK


@contextlib.contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    """Bound before the address is told: nobody else can take it in between."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(128)
        yield listener


@contextlib.contextmanager
def _kept(token: str, file: Path | None) -> Iterator[Path]:
    """Readable by its owner from its first byte on; a file that is there, or a link, is not written through."""
    if file is None:
        number, name = tempfile.mkstemp(prefix="kubectl-marianne-", suffix=".token")
        path = Path(name)
    else:
        path = file.absolute()
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(number, "w") as opened:
        opened.write(token + "\n")
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)
