"""A model behind OpenAI's protocol, played by script: it asks for one tool call, and then says that it is done.

`python3 model_server.py PORT` serves `POST /v1/chat/completions`, as an event stream if asked for one. The prompt says
what to do in a line of the score's own, `MODEL: write PATH TEXT`. It runs in a Pod of the runner image, so it needs the
standard library alone.
"""

import json
import re
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

PATH: Final = "/v1/chat/completions"
USAGE: Final = {"prompt_tokens": 700, "completion_tokens": 30, "total_tokens": 730}
DONE: Final = "The file is written."
_WISH: Final = re.compile(r"MODEL: write (\S+) ([^\n\"\\]+)")
Body = dict[str, Any]


def answer(request: Body) -> Body:
    """The message and why it ends, as OpenAI's `choices[0]`."""
    messages = request.get("messages") or []
    wish = _WISH.search(json.dumps(messages))
    tools = {each["function"]["name"]: each["function"] for each in request.get("tools") or ()}
    answered = any(each.get("role") == "tool" for each in messages)
    if wish is None or answered or "write" not in tools:
        return {"message": {"role": "assistant", "content": DONE}, "finish_reason": "stop"}
    arguments = {"filePath": wish[1], "content": f"{wish[2].strip()}\n"}
    call = {"id": "call_1", "type": "function", "function": {"name": "write", "arguments": json.dumps(arguments)}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    return {"message": message, "finish_reason": "tool_calls"}


def chunks(choice: Body) -> Iterator[Body]:
    """The same as a stream."""
    delta = dict(choice["message"])
    if "tool_calls" in delta:
        delta["tool_calls"] = [{"index": 0, **each} for each in delta["tool_calls"]]
    yield {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    yield {"choices": [{"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}]}
    yield {"choices": [], "usage": USAGE}


class Handler(BaseHTTPRequestHandler):
    """One request after the other; what was asked is printed, for whoever reads the Pod's log."""

    protocol_version = "HTTP/1.0"

    def do_GET(self) -> None:
        """For the kubelet's probe, and for clients that list models."""
        self._send("application/json", json.dumps({"object": "list", "data": [{"id": "scripted"}]}).encode())

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        print(json.dumps({"path": self.path, "model": request.get("model")}), flush=True)
        if self.path != PATH:
            self.send_error(404)
            return
        choice = answer(request)
        common = {"id": "chatcmpl-1", "created": 1, "model": request.get("model")}
        if request.get("stream"):
            told = ({**common, "object": "chat.completion.chunk", **each} for each in chunks(choice))
            lines = [f"data: {json.dumps(each)}\n\n" for each in told]
            self._send("text/event-stream", ("".join(lines) + "data: [DONE]\n\n").encode())
        else:
            whole = {**common, "object": "chat.completion", "choices": [{"index": 0, **choice}], "usage": USAGE}
            self._send("application/json", json.dumps(whole).encode())

    def _send(self, kind: str, content: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


if __name__ == "__main__":
    ThreadingHTTPServer(("0.0.0.0", int(sys.argv[1])), Handler).serve_forever()  # noqa: S104  (in a Pod of its own)
