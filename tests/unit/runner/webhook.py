"""A server that keeps what it is told, and answers by script."""

import json
import ssl
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

Pair = tuple[Path, Path]


class Webhook:
    """`heard`: (path, headers, JSON) of every POST. `answers`: (status, headers, body) in turn; then 200."""

    def __init__(
        self, answers: Iterable[tuple[int, Mapping[str, str], bytes]], pause: float, pair: Pair | None
    ) -> None:
        self.heard: list[tuple[str, dict[str, str], Any]] = []
        self._answers, self.pause = list(answers), pause
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._scheme = "http" if pair is None else "https"
        if pair is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*pair)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._server.server_port}/hooks/T0PSECRET?key=s3cret"

    def answer(self) -> tuple[int, Mapping[str, str], bytes]:
        return self._answers.pop(0) if self._answers else (200, {}, b"ok")

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(webhook: Webhook) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            webhook.heard.append((self.path, dict(self.headers), None))
            self.send_error(405)

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            webhook.heard.append((self.path, dict(self.headers), json.loads(content)))
            time.sleep(webhook.pause)
            status, headers, body = webhook.answer()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            """Silence."""

    return Handler


@contextmanager
def webhook(
    *answers: tuple[int, Mapping[str, str], bytes], pause: float = 0.0, pair: Pair | None = None
) -> Iterator[Webhook]:
    """`pair`: certificate and key, for https."""
    made = Webhook(answers, pause, pair)
    try:
        yield made
    finally:
        made.close()
