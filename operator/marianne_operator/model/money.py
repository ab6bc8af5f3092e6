"""Money: whole millionths of a dollar in the status, dollars for people."""

from typing import Final

MICRO: Final = 1_000_000


def dollars(micro: int) -> str:
    """Cents, or as many digits as a small sum needs."""
    return f"${micro / MICRO:.{2 if micro >= MICRO else 4}f}"
