"""Durations as kubectl takes them."""

import re
from typing import Final

UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
PART: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


def seconds(text: str) -> float:
    """Of `90s`, `1h30m`, or a bare number of seconds; raises `ValueError` that says what is understood."""
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    if not re.fullmatch(f"(?:{PART.pattern})+", text):
        raise ValueError(f"{text!r} is not a duration: write it as 90s, 5m or 1h30m")
    return sum(float(number) * UNITS[unit] for number, unit in PART.findall(text))
