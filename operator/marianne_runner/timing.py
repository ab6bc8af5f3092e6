"""Time, passed in: the periods of the ledger's protocol, and the clock they are measured by."""

import time
from collections.abc import Callable
from typing import NamedTuple


class Timing(NamedTuple):
    """Seconds. A worker that has not beaten for `still` is taken for gone; a fence is given two beats to be seen."""

    beat: float = 5.0
    still: float = 120.0
    look: float = 0.5
    """Between two looks at another's marks."""
    grace: float = 2.0
    """Between SIGTERM and SIGKILL for the instrument."""


class Clock(NamedTuple):
    """`monotonic` measures, `wall` is only told to people, `sleep` may raise `TerminatedError`."""

    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
