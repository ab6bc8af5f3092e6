"""The program that performs a sheet over HTTP: one question, one answer, no stream.

Its own standard output is one JSON document (`result`, `usage`, `error`), and what went wrong is said on standard error
in words that the profile's patterns know. It imports the standard library and the protocols alone.
"""

import email.utils
import http.client
import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import datetime
from email.message import Message
from time import time
from typing import Any, Final, NamedTuple, NoReturn

from marianne_runner.http_families import FAMILIES, Family, Question

ANSWER_BYTES: Final = 4 << 20
"""More than this is no answer of a model."""
_MEANINGS: Final = {401: "unauthorized", 403: "unauthorized", 429: "rate limit", 503: "overloaded", 529: "overloaded"}
_RESETS: Final = ("anthropic-ratelimit-requests-reset", "anthropic-ratelimit-tokens-reset")


class Failure(NamedTuple):
    """Why there is no answer. `wait`: seconds that the server asks for."""

    message: str
    status: int | None = None
    wait: int | None = None


class _Stay(urllib.request.HTTPRedirectHandler):
    """A redirect would take the key to another server."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  (the base class's arguments)
        return None


def main() -> NoReturn:
    """`argv[2]`: the settings, as `http_command` makes them. Exit code 0 with an answer, else 1."""
    settings = json.loads(sys.argv[2])
    prompt = sys.stdin.buffer.read().decode(errors="replace")
    key = os.environ.get(settings["auth_env_var"] or "")
    document, failure = ask(settings, prompt, key)
    if failure is not None:
        document = {"error": {"message": failure.message, "status": failure.status}}
        lines = [failure.message] + ([f"Retry-After: {failure.wait}"] if failure.wait is not None else [])
        print(
            "\n".join(lines).replace(key or "\0", "[REDACTED]"), file=sys.stderr
        )  # a server may quote what it was sent
    print(json.dumps(document, ensure_ascii=False).replace(key or "\0", "[REDACTED]"))
    sys.exit(0 if failure is None else 1)


def ask(settings: Mapping[str, Any], prompt: str, key: str | None) -> tuple[dict[str, Any], Failure | None]:
    """The document to print, or why there is none."""
    family = FAMILIES[settings["family"]]
    if settings["auth_env_var"] and not key:
        return {}, Failure(f"unauthorized: {settings['auth_env_var']} is not set; give the instrument this credential")
    request = _request(settings, family, Question(settings["model"], prompt, settings["options"]), key)
    try:
        status, headers, content = _fetched(request, settings["timeout_seconds"])
    except TimeoutError:
        return {}, Failure(f"timed out: no answer within {settings['timeout_seconds']:g} s")
    except (OSError, http.client.HTTPException) as error:
        if isinstance(getattr(error, "reason", None), TimeoutError):
            return {}, Failure(f"timed out: no connection within {settings['timeout_seconds']:g} s")
        return {}, Failure(f"connection failed: {getattr(error, 'reason', error)}")
    if status != 200:
        return {}, _refused(status, headers, content)
    return _answered(family, content)


def _request(
    settings: Mapping[str, Any], family: Family, question: Question, key: str | None
) -> urllib.request.Request:
    headers = {"Content-Type": "application/json", "Accept": "application/json", **family.headers}
    headers |= dict([family.key_header(key)]) if key else {}
    url = settings["url"].replace("{model}", question.model or "")
    return urllib.request.Request(url, json.dumps(family.body(question)).encode(), headers, method="POST")  # noqa: S310


def _fetched(request: urllib.request.Request, timeout: float) -> tuple[int, Message, bytes]:
    opener = urllib.request.build_opener(_Stay)
    try:
        with opener.open(request, timeout=timeout) as answer:
            return answer.status, answer.headers, answer.read(ANSWER_BYTES)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.headers, refusal.read(ANSWER_BYTES)


def _refused(status: int, headers: Message, content: bytes) -> Failure:
    """The server's own words, on one line, after ours."""
    told = _told(content) or http.client.responses.get(status, "")
    meaning = _MEANINGS.get(status)
    message = ": ".join(filter(None, [f"HTTP error {status}", meaning, " ".join(told.split())[:1000]]))
    return Failure(message, status, wait_of(headers, time()) if status in (429, 503, 529) else None)


def _told(content: bytes) -> str:
    try:
        document = json.loads(content)
    except ValueError:
        return content.decode(errors="replace")
    error = document.get("error") if isinstance(document, dict) else None
    told = error.get("message") if isinstance(error, dict) else error
    return told if isinstance(told, str) else content.decode(errors="replace")


def wait_of(headers: Message, now: float) -> int | None:
    """`Retry-After` in seconds or as a date, else when the last of the exhausted limits is full again."""
    given = (headers.get("Retry-After") or "").strip()
    if given.isdecimal():
        return int(given)
    try:
        until = [email.utils.parsedate_to_datetime(given).timestamp()] if given else _resets(headers)
    except ValueError:
        return None
    return max(0, round(max(until) - now)) if until else None


def _resets(headers: Message) -> list[float]:
    """Raises `ValueError` for what is no time."""
    return [datetime.fromisoformat(moment).timestamp() for name in _RESETS if (moment := headers.get(name))]


def _answered(family: Family, content: bytes) -> tuple[dict[str, Any], Failure | None]:
    try:
        answer = family.read(json.loads(content))
    except (ValueError, RecursionError):
        return {}, Failure("the answer is no JSON document")
    if answer.text is None:
        return {}, Failure(f"the answer holds no text: {content[:200].decode(errors='replace')}")
    if answer.cut:
        print("the answer was cut: the model may not say more (max_tokens)", file=sys.stderr)
    usage = {"input_tokens": answer.input_tokens, "output_tokens": answer.output_tokens}
    return {"result": answer.text, "usage": usage}, None
