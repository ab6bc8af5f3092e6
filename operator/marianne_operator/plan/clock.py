"""Seconds since the epoch to the API's times and back. The clock itself is passed in."""

from datetime import UTC, datetime

from marianne_operator.model.pod import seconds

__all__ = ["seconds", "stamp"]


def stamp(now: float) -> str:
    """RFC 3339 in UTC, to the millisecond: retry delays may be shorter than a second."""
    return datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
