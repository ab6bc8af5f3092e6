"""Server-sent events, as bytes. Whatever is told is JSON, so that no text can end a line."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

MEDIA_TYPE: Final = "text/event-stream"
HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
RETRY: Final = b"retry: 2000\n\n"
"""Milliseconds until a browser connects again."""


def encoded(told: Iterable[tuple[str, Mapping[str, Any]]], version: int) -> bytes:
    """Only the last event carries the id: who was cut off before it hears them all again."""
    frames = [_frame(name, data) for name, data in told]
    if frames:
        frames[-1] = f"id: {version}\n{frames[-1]}"
    return "".join(frames).encode()


def single(name: str, **data: object) -> bytes:
    """An event without an id: a reader stands where it stood."""
    return _frame(name, data).encode()


def _frame(name: str, data: Mapping[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n"
