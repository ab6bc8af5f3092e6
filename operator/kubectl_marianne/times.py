"""Times and durations as people read and write them. `now` is in the time zone of whoever reads."""

import re
from datetime import datetime
from typing import Final

DAY: Final = 86400.0
UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
PART: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


def parsed(time: str | None) -> datetime | None:
    """Of RFC 3339; None where there is none, or none that can be read."""
    try:
        return datetime.fromisoformat(time) if time else None
    except ValueError:
        return None


def since(time: str | None, now: datetime) -> str:
    """How long ago: `12m`, `1h02m`, `3d`; `-` where it is unknown."""
    then = parsed(time)
    return "-" if then is None else duration((now - then).total_seconds())


def duration(seconds: float | None) -> str:
    """Two units at most."""
    if seconds is None:
        return "-"
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s" if whole < 600 else f"{whole // 60}m"
    if whole < DAY:
        return f"{whole // 3600}h{whole % 3600 // 60:02d}m"
    return f"{whole // 86400}d{whole % 86400 // 3600:02d}h"


def clock(time: str | None, now: datetime) -> str:
    """`14:05` today, `11-25 14:05` on another day; empty where it is unknown."""
    then = parsed(time)
    if then is None:
        return ""
    local = then.astimezone(now.tzinfo)
    return local.strftime("%H:%M" if local.date() == now.date() else "%m-%d %H:%M")


def until(time: str | None, now: datetime) -> str:
    """`until 14:05 (in 6m)`; empty where it is unknown."""
    then = parsed(time)
    if then is None:
        return ""
    left = (then - now).total_seconds()
    return f"until {clock(time, now)}" + (f" (in {duration(left)})" if left > 0 else "")


def seconds(text: str) -> float:
    """Of `90s`, `1h30m`, or a bare number of seconds; raises `ValueError` that says what is understood."""
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    if not re.fullmatch(f"(?:{PART.pattern})+", text):
        raise ValueError(f"{text!r} is not a duration: write it as 90s, 5m or 1h30m")
    return sum(float(number) * UNITS[unit] for number, unit in PART.findall(text))
