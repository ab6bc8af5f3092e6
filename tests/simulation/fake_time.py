"""Time that passes only when told to: the queue's loop, the monotonic clock, and a wall clock that can be set."""

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

BEGIN = 1_800_000_000.0


@dataclass(slots=True)
class Alarm:
    """A timer of the work queue's."""

    moment: float
    callback: Callable[[], None]
    cancelled: bool = False

    def when(self) -> float:
        return self.moment

    def cancel(self) -> None:
        self.cancelled = True


@dataclass(slots=True)
class FakeTime:
    """`elapsed` is monotonic; `skew` is what somebody did to the wall clock."""

    elapsed: float = 0.0
    skew: float = 0.0
    _alarms: list[tuple[float, int, Alarm]] = field(default_factory=list)
    _order: "itertools.count[int]" = field(default_factory=itertools.count)

    def time(self) -> float:
        return self.elapsed

    def now(self) -> float:
        return BEGIN + self.elapsed + self.skew

    def call_at(self, when: float, callback: Callable[[], None], /) -> Alarm:
        alarm = Alarm(when, callback)
        heapq.heappush(self._alarms, (when, next(self._order), alarm))
        return alarm

    def next_alarm(self) -> float | None:
        """When the next one is due, on the monotonic clock."""
        while self._alarms and self._alarms[0][2].cancelled:
            heapq.heappop(self._alarms)
        return self._alarms[0][0] if self._alarms else None

    def fire_due(self) -> None:
        """Call back all whose time has come."""
        while (when := self.next_alarm()) is not None and when <= self.elapsed:
            heapq.heappop(self._alarms)[2].callback()

    def forget_alarms(self) -> None:
        """The process that set them is dead."""
        self._alarms.clear()
