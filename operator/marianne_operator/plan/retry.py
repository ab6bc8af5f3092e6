"""When a failed sheet tries again."""

import hashlib

from marianne_runner.contract import Retry


def delay_seconds(retry: Retry, tries: int, seed: str) -> float:
    """The wait after the `tries`-th failed try: exponential, capped, then jittered by half up or down (semantics §2.4).

    The jitter is drawn from `seed`, so that a decision taken twice is the same decision.
    """
    exponent = min(tries - 1, 64)
    delay = min(retry["base_delay_seconds"] * retry["exponential_base"] ** exponent, retry["max_delay_seconds"])
    return delay * (0.5 + _unit(seed)) if retry["jitter"] else delay


def may_try_again(retry: Retry, tries: int) -> bool:
    """`max_retries` is the number of tries, not of re-tries; 0 still tries once."""
    return tries < max(1, retry["max_retries"])


def _unit(seed: str) -> float:
    return int.from_bytes(hashlib.sha256(seed.encode()).digest()[:6]) / 2**48
