"""SIGTERM: before anything was started, leave at once; after that, the work decides how it ends."""

import signal


class TerminatedError(BaseException):
    """SIGTERM before anything was started: leave without a mark."""


class Stop:
    """`called`: SIGTERM has come. Held, it is only remembered; else it ends whatever goes on."""

    def __init__(self) -> None:
        self.called = False
        self._held = False

    def listen(self) -> None:
        """From now on. What PID 1 does not handle, the kernel keeps from it."""
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    def hold(self) -> None:
        """A mark is about to be made. Raises `TerminatedError` if the signal has come already."""
        self._held = True
        if self.called:
            raise TerminatedError

    def release(self) -> None:
        """The mark was not made after all. Raises `TerminatedError` if the signal came meanwhile."""
        self._held = False
        if self.called:
            raise TerminatedError

    def finish(self) -> None:
        """There is a verdict: nothing interrupts it any more."""
        self._held = True

    def _on_signal(self, number: int, frame: object) -> None:
        self.called = True
        if not self._held:
            raise TerminatedError
