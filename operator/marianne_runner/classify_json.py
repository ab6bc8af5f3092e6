"""The `errors[]` that some CLIs print as JSON: each with a type and a message."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from marianne_runner.classify_text import CAPACITY, LIMITED, NOT_FOUND, Cause, by_code, reason_told

MOST: Final = 50
"""Of one output; what fails more often fails for one of these reasons."""
_TLS: Final = re.compile(r"\b(?:ssl|tls|certificate)\b", re.IGNORECASE)
_TIMEOUT: Final = re.compile(r"timed? ?out", re.IGNORECASE)
_MISSING: Final = re.compile(r"not found|no such file|does not exist", re.IGNORECASE)
_TOOLS: Final = re.compile(r"\bmcp\b", re.IGNORECASE)


def errors_told(text: str, now: float) -> list[Cause]:
    """Each error's cause, in the order told."""
    told = [(str(each.get("type", "")), str(each["message"])) for each in _errors(text) if each.get("message")]
    return [_cause(kind, message, now) for kind, message in told[:MOST]]


def _cause(kind: str, message: str, now: float) -> Cause:
    if CAPACITY.search(message):
        return by_code("E103", "rate_limit")
    if LIMITED.search(message):
        return by_code("E101", "rate_limit")
    if (kind == "tool" or _TOOLS.search(message)) and not NOT_FOUND.search(message):
        return by_code("E305", "configuration")
    if (cause := reason_told(message, now)) is not None:
        return cause
    if _TIMEOUT.search(message):
        return by_code("E001", "timeout")
    if _TLS.search(message):
        return by_code("E903", "network")
    return by_code("E303", "configuration") if _MISSING.search(message) else by_code("E999", "transient")


def _errors(text: str) -> Iterator[dict[str, Any]]:
    """Of the documents in the text: the whole of it, one behind other words, or one a line."""
    for document in _documents(text):
        listed = document.get("errors")
        if isinstance(listed, list):
            yield from (each for each in listed if isinstance(each, dict))


def _documents(text: str) -> Iterator[dict[str, Any]]:
    if '"errors"' not in text:
        return
    if (whole := _document(text)) is not None:
        yield whole
        return
    for line in text.splitlines():
        if '"errors"' in line and (found := _document(line)) is not None:
            yield found


def _document(text: str) -> dict[str, Any] | None:
    start = text.find("{")
    try:
        found = json.JSONDecoder().raw_decode(text, start)[0] if start >= 0 else None
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
