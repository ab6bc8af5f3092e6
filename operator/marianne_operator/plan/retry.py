"""When a failed sheet tries again (semantics §2.4)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from marianne_runner.contract import ERROR_CODES, Retry

RAPID_SECONDS: Final = 60.0
RAPID, REPEATED, PERSISTENT, CASCADING = 3, 2, 3, 4
"""How many errors within that time; of one code; of one code at which to stop; different ones among the last."""
REMEMBERED: Final = 5
"""Errors that are looked at."""
GROWTH: Final = 1.5
"""Of an error's own delay, from try to try."""


@dataclass(frozen=True, slots=True)
class Abort:
    """Another try would be in vain."""

    why: str


def delay_seconds(retry: Retry, tries: int, seed: str) -> float:
    """The wait after the `tries`-th failed try: exponential, capped, then jittered by half up or down.

    The jitter is drawn from `seed`, so that a decision taken twice is the same decision.
    """
    delay = _exponential(retry, tries - 1)
    return delay * (0.5 + _unit(seed)) if retry["jitter"] else delay


def adaptive_delay(
    retry: Retry, tries: int, errors: Sequence[tuple[str, float]], wait: float | None, seed: str
) -> float | Abort:
    """The wait after an instrument's failure, by what else has failed: (code, when) of each, the newest last.

    `wait`: what the failure itself suggests. Jitter makes it longer by up to a quarter.
    """
    code, now = errors[-1]
    same = sum(each == code for each, _ in errors)
    if sum(now - when <= RAPID_SECONDS for _, when in errors) >= RAPID:
        delay = min(2 * _exponential(retry, tries - 1), retry["max_delay_seconds"])
    elif same >= PERSISTENT:
        return Abort(f"{code} came {same} times and is likely to come again")
    elif len({each for each, _ in errors}) >= CASCADING:
        return Abort(f"{len(errors)} tries failed in {CASCADING} different ways")
    elif same >= REPEATED:
        delay = _exponential(retry, tries)
    else:
        delay = _own_delay(retry, code, wait, tries)
    return delay * (1 + 0.25 * _unit(seed)) if retry["jitter"] else delay


def may_try_again(retry: Retry, tries: int) -> bool:
    """`max_retries` is the number of tries, not of re-tries; 0 still tries once."""
    return tries < max(1, retry["max_retries"])


def _own_delay(retry: Retry, code: str, wait: float | None, tries: int) -> float:
    known = ERROR_CODES[code].delay_seconds
    grown = known * GROWTH ** min(tries - 1, 64)
    return min(grown or wait or _exponential(retry, tries - 1), retry["max_delay_seconds"])


def _exponential(retry: Retry, power: int) -> float:
    grown = retry["base_delay_seconds"] * retry["exponential_base"] ** min(power, 64)
    return float(min(grown, retry["max_delay_seconds"]))


def _unit(seed: str) -> float:
    return int.from_bytes(hashlib.sha256(seed.encode()).digest()[:6]) / 2**48
