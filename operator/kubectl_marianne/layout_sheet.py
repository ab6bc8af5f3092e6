"""One sheet with all that is known of it, and its attempts."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from kubectl_marianne import palette
from kubectl_marianne.attempts import Attempt
from kubectl_marianne.lines import Cell, Line, Span, grid, line
from kubectl_marianne.reading import Look
from kubectl_marianne.times import clock, duration, parsed, since

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


def attempt_lines(attempts: Sequence[Attempt], look: Look) -> list[Line]:
    """One line each."""
    header: list[Cell] = [Span(each, palette.HEADER) for each in ("ATTEMPT", "POD", "STATE", "EXIT", "STARTED", "TIME")]
    rows = [header, *(_attempt_cells(each, look) for each in attempts)]
    return grid(rows, look.width, look.signs.more, [1])


def _attempt_cells(attempt: Attempt, look: Look) -> list[Cell]:
    began, over = parsed(attempt.started), parsed(attempt.finished)
    took = duration((over - began).total_seconds()) if began and over else since(attempt.started, look.now)
    state = " ".join(filter(None, (attempt.phase, attempt.reason if attempt.reason != "Completed" else "")))
    code = "-" if attempt.exit_code is None else str(attempt.exit_code)
    return [str(attempt.number), attempt.pod, state, code, clock(attempt.started, look.now) or "-", took]


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
