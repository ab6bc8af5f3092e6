"""Wait for a condition, with a deadline: tests never sleep for a while and hope."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

T = TypeVar("T")
POLL_SECONDS: Final = 0.05


async def wait_for(what: str, probe: Callable[[], Awaitable[T | None]], deadline: float = 30.0) -> T:
    """The probe's first true answer; fails with the last one when `deadline` seconds have passed."""
    until = time.monotonic() + deadline
    while True:
        answer = await probe()
        if answer:
            return answer
        if time.monotonic() > until:
            raise AssertionError(f"waited {deadline:.0f} s for {what}; last seen: {answer!r}")
        await asyncio.sleep(POLL_SECONDS)
