"""A server that is told what became of jobs: `python3 webhook_server.py PORT` prints each POST as a line of JSON.

A path that holds `refused` is answered with 404. It runs in a Pod of the runner image, so it needs the standard
library alone.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    """One request after the other."""

    def do_GET(self) -> None:
        """For the kubelet's probe."""
        self._answer(200)

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        print(json.dumps({"path": self.path, "body": json.loads(content)}), flush=True)
        self._answer(404 if "refused" in self.path else 200)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()


if __name__ == "__main__":
    ThreadingHTTPServer(("0.0.0.0", int(sys.argv[1])), Handler).serve_forever()  # noqa: S104  (in a Pod of its own)
