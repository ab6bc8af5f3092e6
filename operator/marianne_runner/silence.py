"""An instrument that says nothing for long is taken for hung (semantics §2.12), where its score wants that."""

import time
from typing import Self

from marianne_runner.contract import CompiledScore


class Silence:
    """How long it has lasted, by our own clock; looked at each `interval` seconds."""

    def __init__(self, most: float, interval: float, now: float) -> None:
        self.most = most
        self._interval, self._since, self._next = interval, now, now + interval

    @classmethod
    def of(cls, score: CompiledScore) -> Self | None:
        """From now on; None: this score does not mind."""
        wanted = score.get("stale_detection")
        if wanted is None:
            return None
        return cls(wanted["idle_timeout_seconds"], wanted["check_interval_seconds"], time.monotonic())

    def too_long(self, now: float, *, heard: bool) -> bool:
        """`heard`: something was said since this was asked last."""
        if heard:
            self._since = now
        if now < self._next:
            return False
        self._next = now + self._interval
        return now - self._since >= self.most

    @property
    def told(self) -> str:
        """What is said of it, also to whoever looks for the reason in standard error."""
        return f"stale execution: no output for {self.most:g} s"
