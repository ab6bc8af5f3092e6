"""What the process says to a script by its exit code."""

from typing import Final

OK: Final = 0
ERROR: Final = 1
USAGE: Final = 2
FAILED: Final = 10
CANCELLED: Final = 11
PAUSED: Final = 12
"""It stands still until a person acts."""
TIMED_OUT: Final = 124
INTERRUPTED: Final = 130
TERMINATED: Final = 143

BY_PHASE: Final = {
    "Completed": OK,
    "Failed": FAILED,
    "Refused": FAILED,
    "Cancelled": CANCELLED,
    "Paused": PAUSED,
    "PausedAtChain": PAUSED,
}
