"""How long a provider asks to be left alone, read from what its CLI printed (semantics §7.4)."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

SHORTEST, LONGEST = 300.0, 86400.0
"""A wait is kept within these: a minute's ban that is told in the middle of an outage means nothing, and what is told
as more than a day is asked again after a day."""
DEFAULT: Final = 3600.0
SOONEST: Final = 5.0
"""Of an exact reset: sooner than this there is no use in trying."""

_UNITS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART: Final = r"\d{1,9}(?:\.\d{1,6})?\s{0,3}(?:days?|d|hours?|hrs?|h|minutes?|mins?|m|seconds?|secs?|s)\b"
_PARTS: Final = rf"{_PART}(?:,?\s{{0,3}}(?:and\s)?{_PART}){{0,3}}"
_IN: Final = re.compile(
    rf"(?:resets?|retry|retry[- ]after|wait|available|again)[\s:]{{0,3}}(?:in|after|for)?[\s:]{{0,3}}({_PARTS})",
    re.IGNORECASE,
)
_SECONDS: Final = re.compile(r"retry[-_ ]?after[\"']?[\s:=]{0,3}[\"']?(\d{1,9})\b", re.IGNORECASE)
_EPOCH: Final = re.compile(r"limit reached\|(\d{10})\b", re.IGNORECASE)
_INSTANT: Final = re.compile(
    r"resets?\s(?:at|on)?\s?(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:\.\d{1,6})?(?:Z|[+-]\d\d:?\d\d)?)", re.IGNORECASE
)
_CLOCK: Final = re.compile(r"resets?\s(?:at\s)?(\d{1,2})(?::(\d\d))?\s?([ap]m)?\b(?!\s?(?:hour|min|sec|day))", re.I)


def wait_told(text: str, now: float) -> float | None:
    """Seconds from `now`, or None where nothing is told. A time of day is taken for UTC, a container's own zone."""
    told = _told(text, now)
    return None if told is None else min(max(told, SHORTEST), LONGEST)


def reset_told(text: str, now: float) -> float | None:
    """Seconds since the epoch, where it is told to the second; a time of day, whose zone is unknown, is not exact."""
    told = _exactly(text, now)
    return None if told is None else now + min(max(told, SOONEST), LONGEST)


def _told(text: str, now: float) -> float | None:
    told = _exactly(text, now)
    return _until_clock(text, now) if told is None else told


def _exactly(text: str, now: float) -> float | None:
    if found := _EPOCH.search(text):
        return float(found[1]) - now
    if (instant := _instant(text)) is not None:
        return instant - now
    if found := _IN.search(text):
        return sum(
            float(number) * _UNITS[unit.lower()] for number, unit in re.findall(r"([\d.]+)\s*([a-z])", found[1], re.I)
        )
    if found := _SECONDS.search(text):
        return float(found[1])
    return None


def _instant(text: str) -> float | None:
    found = _INSTANT.search(text)
    if not found:
        return None
    try:
        moment = datetime.fromisoformat(found[1])
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _until_clock(text: str, now: float) -> float | None:
    found = _CLOCK.search(text)
    if not found or not (found[2] or found[3]):
        return None
    hour, minute, half = int(found[1]), int(found[2] or 0), (found[3] or "").lower()
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    if hour > 23 or minute > 59:
        return None
    today = datetime.fromtimestamp(now, UTC)
    then = today.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return (then + timedelta(days=then <= today)).timestamp() - now
