"""Beats while we work, and dies where somebody fenced us.

The beat comes by a timer signal, so that it goes on whatever the runner is doing: waiting for the instrument, holding
a rule against a file, writing to a log that nobody reads. A process that was stopped and wakes up gets the signal
before it does anything else.
"""

import signal
from collections.abc import Callable
from types import TracebackType
from typing import Self

from marianne_runner.marks import AttemptFolder


class Heart:
    """`fenced` is called once another Pod has taken the attempt over; it must not return."""

    def __init__(self, folder: AttemptFolder, pod_uid: str, period: float, fenced: Callable[[], None]) -> None:
        self._folder, self._pod_uid, self._period, self._fenced = folder, pod_uid, period, fenced

    def __enter__(self) -> Self:
        self.beat()
        signal.signal(signal.SIGALRM, lambda number, frame: self.beat())
        signal.setitimer(signal.ITIMER_REAL, self._period, self._period)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)

    def beat(self) -> None:
        """The fence first: a fenced worker beats no more. Also called before each mark."""
        try:
            if self._folder.fenced_by not in ("", self._pod_uid):
                self._fenced()
            self._folder.beat()
        except OSError:
            return  # a disk that vanished: others will take us for gone, and fence us when it is back
