"""Signs and colours. The state is always a word; signs and colours only help to find it."""

from dataclasses import dataclass
from typing import Final

from kubectl_marianne.lines import Span


@dataclass(frozen=True, slots=True)
class Signs:
    """What stands for what, in a terminal that shows it (`FANCY`) and everywhere else (`ASCII`)."""

    full: str
    empty: str
    dot: str
    more: str
    branch: str
    last: str
    trunk: str
    dash: str
    states: dict[str, str]


FANCY: Final = Signs(
    full="█",
    empty="░",
    dot=" · ",
    more="…",
    branch="├─ ",
    last="└─ ",
    trunk="│  ",
    dash="─",
    states={
        "completed": "✓ ",
        "in_progress": "▶ ",
        "dispatched": "▶ ",
        "waiting": "⏳",
        "retry_scheduled": "↻ ",
        "fermata": "⏸ ",
        "failed": "✗ ",
        "skipped": "⊘ ",
        "cancelled": "⊘ ",
        "pending": "· ",
        "ready": "· ",
    },
)
ASCII: Final = Signs("#", "-", " - ", "...", "|- ", "`- ", "|  ", "-", {})

_SHEET: Final = {
    "completed": "green",
    "in_progress": "blue",
    "dispatched": "blue",
    "waiting": "yellow",
    "retry_scheduled": "yellow",
    "fermata": "magenta",
    "failed": "red",
    "skipped": "dim",
    "cancelled": "dim",
}
_PHASE: Final = {
    "Running": "blue",
    "Waiting": "yellow",
    "Paused": "magenta",
    "PausedAtChain": "magenta",
    "Completed": "green",
    "Failed": "red",
    "Refused": "red",
    "Cancelled": "dim",
}
_CATEGORY: Final = {"rate_limit": "blue", "transient": "yellow", "network": "yellow", "timeout": "yellow"}

HEADER: Final = "bold"
DIM: Final = "dim"
BAD: Final = "red"
WAIT: Final = "yellow"


def sheet_state(state: str, signs: Signs) -> Span:
    """Marianne's word for a sheet's state."""
    return Span(f"{signs.states.get(state, '')}{state}", _SHEET.get(state, ""))


def phase(word: str) -> Span:
    """The job's."""
    return Span(word or "Pending", _PHASE.get(word, ""))


def category(word: str | None) -> Span:
    """An error's: red is permanent, yellow passes, blue is a rate limit."""
    return Span(word or "-", _CATEGORY.get(word or "", BAD))
