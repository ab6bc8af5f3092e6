"""Tell somebody over HTTP what became of a job: one POST, tried again where that may help.

The URL is a credential more often than not, so nothing but its host is ever said.
"""

import http.client
import json
import os
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from marianne_runner.contract import NOTICE_PAUSE_SECONDS, NOTICE_SECONDS, NOTICE_TRIES, ErrandResult, Notice
from marianne_runner.redact import redact

ANSWER_BYTES: Final = 200
"""Of a refusal: its first words say what is wrong."""
_BUSY: Final = 429


class Reply(NamedTuple):
    """`again`: another try may end better."""

    why: str
    again: bool


class Stay(urllib.request.HTTPRedirectHandler):
    """A redirect would take the message, and what may be secret in its headers, to a server that nobody named."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  (the base class's arguments)
        """None: the redirect is the answer."""
        return None


def perform(
    asked: Notice, result: ErrandResult, sleep: Callable[[float], None], interrupted: Callable[[], bool]
) -> None:
    """Into `result`: sent, or why not."""
    url, why = _target(asked)
    if why:
        result["message"] = why
        return
    request = urllib.request.Request(url, json.dumps(asked["body"]).encode(), _headers(asked), method="POST")  # noqa: S310
    told = ""
    for number in range(1, NOTICE_TRIES + 1):
        reply = _sent(request)
        if reply is None:
            result["outcome"] = "succeeded"
            return
        told = f"{urlsplit(url).hostname}: {reply.why}" + (f" (try {number})" if number > 1 else "")
        if not reply.again or interrupted() or number == NOTICE_TRIES:
            break
        sleep(NOTICE_PAUSE_SECONDS)
    result["message"] = _safe(told, url)


def _target(asked: Notice) -> tuple[str, str]:
    """The URL, or what is wrong with it."""
    name = asked.get("url_env", "")
    url = (asked.get("url") or os.environ.get(name, "")).strip()  # a Secret made from a file ends with a newline
    if not url:
        return "", f"the environment variable {name} is not set: bring it by spec.sheetTemplate.env or envFrom"
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    plain = url.isascii() and url.isprintable() and " " not in url
    where = f"the environment variable {name}" if not asked.get("url") else "the score"
    return (url, "") if usable and plain else ("", f"{where} holds no URL of http or https")


def _headers(asked: Notice) -> dict[str, str]:
    return {"Content-Type": "application/json", "User-Agent": "marianne-runner", **asked.get("headers", {})}


def _sent(request: urllib.request.Request) -> Reply | None:
    """None: it was taken."""
    opener = urllib.request.build_opener(Stay)
    try:
        with opener.open(request, timeout=NOTICE_SECONDS):
            return None
    except urllib.error.HTTPError as refusal:
        with refusal:
            return _refused(refusal)
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        if isinstance(reason, TimeoutError):
            return Reply(f"no answer within {NOTICE_SECONDS:g} s", again=True)
        if isinstance(reason, ssl.SSLCertVerificationError):
            return Reply(f"the server's certificate is not trusted: {reason.verify_message}", again=False)
        if isinstance(reason, OSError):
            return Reply(f"connection failed: {reason.strerror or type(reason).__name__}", again=True)
        return Reply(f"it could not be sent: {type(reason).__name__}", again=False)


def _refused(refusal: urllib.error.HTTPError) -> Reply:
    code = refusal.code
    if 300 <= code < 400:
        return Reply(f"HTTP {code}: it answers with a redirect, which is not followed: name the final URL", again=False)
    try:
        said = " ".join(refusal.read(ANSWER_BYTES).decode(errors="replace").split())
    except (OSError, http.client.HTTPException):
        said = ""
    words = said or http.client.responses.get(code, "")
    return Reply(f"HTTP {code}" + (f": {words}" if words else ""), again=code >= 500 or code == _BUSY)


def _safe(told: str, url: str) -> str:
    """A server may quote what it was sent."""
    parts = urlsplit(url)
    for secret in (url, f"{parts.path}?{parts.query}", parts.path, parts.query):
        if len(secret) > 1:
            told = told.replace(secret, "[URL]")
    return redact(told.encode(errors="replace")).decode(errors="replace")
