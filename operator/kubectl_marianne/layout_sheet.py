"""One sheet with all that is known of it."""

from collections.abc import Mapping
from typing import Any, Final

from kubectl_marianne import palette
from kubectl_marianne.lines import Cell, Line, Span, grid, line
from kubectl_marianne.reading import Look

STATE: Final = "status"
TAILS: Final = ("stdout_tail", "stderr_tail")


def sheet_lines(details: Mapping[str, Any], look: Look) -> list[Line]:
    """Every key, whether it is set or not; what has several lines or items is told below the rest."""
    long = {key: _several(key, value) for key, value in details.items()}
    rows: list[list[Cell]] = [
        [Span(key, palette.DIM), _value(key, value, look)] for key, value in details.items() if not long[key]
    ]
    lines = grid(rows, None, look.signs.more, [])
    for key, parts in long.items():
        lines += [line(Span(key, palette.HEADER)), *(line("  ", part) for part in parts)] if parts else []
    return lines


def _value(key: str, value: object, look: Look) -> Cell:
    if key == STATE:
        return palette.sheet_state(str(value), look.signs)
    if value is None or value == []:
        return Span("-", palette.DIM)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _several(key: str, value: object) -> list[str]:
    """Empty for what fits beside its key."""
    if key in TAILS and isinstance(value, str):
        return value.splitlines()
    if isinstance(value, list):
        return [_item(each) for each in value]
    return []


def _item(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {each}" for key, each in value.items() if each not in (None, "", []))
    return str(value)
