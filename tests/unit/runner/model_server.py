"""A server that speaks the models' protocols: answers as it is told to, and remembers what it was asked."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Asked(NamedTuple):
    path: str
    headers: Mapping[str, str]
    body: Any


class ModelServer:
    """`answers`: (status, headers, body) by path; a body that is no text is sent as JSON. `None` never answers."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.answers: dict[str, tuple[int, dict[str, str], Any] | None] = {}
        self.over = threading.Event()
        self.reached = threading.Event()
        ours = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                ours.answer(self)

            def do_GET(self) -> None:
                ours.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        content = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in handler.headers.items()}
        self.asked.append(Asked(handler.path, headers, json.loads(content or b"null")))
        self.reached.set()
        answer = self.answers[handler.path]
        if answer is None:
            self.over.wait()
            return
        status, extra, body = answer
        told = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(told)), **extra}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(told)

    @contextmanager
    def running(self) -> Iterator["ModelServer"]:
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield self
        finally:
            self.over.set()
            self._server.shutdown()
            thread.join()
            self._server.server_close()
