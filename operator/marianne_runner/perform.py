"""Run one program until it ends, its time is over or we are told to stop; nothing that it started survives it."""

import os
import selectors
import signal
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Final, NamedTuple, Self

from marianne_runner.processes import Program, kill_everything_else, reap, signal_group, spawn
from marianne_runner.silence import Silence
from marianne_runner.streams import Sink

_CHUNK: Final = 64 * 1024
_LOOK_SECONDS: Final = 1.0
_DRAIN_SECONDS: Final = 1.0
"""For what dead writers left in a pipe."""


class Exit(NamedTuple):
    """`code` None: killed by `signal_number`. `stale`: why silence was taken for its end; empty where it was not."""

    code: int | None
    signal_number: int | None
    timed_out: bool
    interrupted: bool
    seconds: float
    stale: str = ""


def never() -> bool:
    """Nothing interrupts."""
    return False


def run(
    program: Program,
    sinks: Sequence[Sink],
    timeout: float,
    interrupted: Callable[[], bool] = never,
    grace: float = 2.0,
    silence: Silence | None = None,
) -> Exit:
    """`sinks`: for standard output and standard error; one takes both. Raises `OSError` if it cannot be started."""
    begun = time.monotonic()
    with _Wake() as wake, selectors.DefaultSelector() as selector:
        selector.register(wake.descriptor, selectors.EVENT_READ, wake.drain)
        pid = _start(program, sinks, selector)
        status, timed_out, stale, stopped = reap(pid), False, False, False
        while status is None and not (timed_out or stopped):
            heard = _pump(selector, min(_LOOK_SECONDS, max(0.0, begun + timeout - time.monotonic())))
            status, now = reap(pid), time.monotonic()
            stale = status is None and silence is not None and silence.too_long(now, heard=heard)
            timed_out = stale or (status is None and now - begun >= timeout)
            stopped = status is None and interrupted()
        if status is None:
            status = _end(pid, selector, grace)
        signal_group(pid, signal.SIGKILL)
        kill_everything_else()
        selector.unregister(wake.descriptor)
        _drain(selector)
    for sink in sinks:
        sink.close()
    code = os.waitstatus_to_exitcode(status)
    return Exit(
        code=code if code >= 0 else None,
        signal_number=-code if code < 0 else None,
        timed_out=timed_out and not stopped,
        interrupted=stopped,
        seconds=time.monotonic() - begun,
        stale=silence.told if silence is not None and stale and not stopped else "",
    )


class _Wake:
    """Signals as something to select on: the end of a child, and SIGTERM, are seen at once."""

    def __init__(self) -> None:
        self.descriptor, self._writing = os.pipe()
        os.set_blocking(self.descriptor, False)
        os.set_blocking(self._writing, False)

    def __enter__(self) -> Self:
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.set_wakeup_fd(self._writing, warn_on_full_buffer=False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.close(self.descriptor)
        os.close(self._writing)

    def drain(self) -> bool:
        os.read(self.descriptor, _CHUNK)
        return False


def _start(program: Program, sinks: Sequence[Sink], selector: selectors.BaseSelector) -> int:
    pipes = [os.pipe() for _ in sinks]
    try:
        pid = spawn(program, pipes[0][1], pipes[-1][1])
    except OSError:
        for reading, _ in pipes:
            os.close(reading)
        raise
    finally:
        for _, writing in pipes:
            os.close(writing)
    for (reading, _), sink in zip(pipes, sinks, strict=True):
        _register(selector, reading, sink)
    return pid


def _register(selector: selectors.BaseSelector, reading: int, sink: Sink) -> None:
    def read() -> bool:
        if chunk := os.read(reading, _CHUNK):
            sink.feed(chunk)
        else:
            selector.unregister(reading)
            os.close(reading)
        return bool(chunk)

    selector.register(reading, selectors.EVENT_READ, read)


def _pump(selector: selectors.BaseSelector, seconds: float) -> bool:
    """Whether anything was said."""
    heard = False
    for key, _ in selector.select(seconds):
        heard = key.data() or heard
    return heard


def _end(pid: int, selector: selectors.BaseSelector, grace: float) -> int:
    """SIGTERM, a while to leave in order, SIGKILL."""
    signal_group(pid, signal.SIGTERM)
    until = time.monotonic() + grace
    while (status := reap(pid)) is None and time.monotonic() < until:
        _pump(selector, min(_LOOK_SECONDS, max(0.0, until - time.monotonic())))
    if status is not None:
        return status
    signal_group(pid, signal.SIGKILL)
    while (status := reap(pid)) is None:
        _pump(selector, _LOOK_SECONDS)
    return status


def _drain(selector: selectors.BaseSelector) -> None:
    until = time.monotonic() + _DRAIN_SECONDS
    while selector.get_map() and time.monotonic() < until:
        _pump(selector, max(0.0, until - time.monotonic()))
    for reading in [key.fd for key in selector.get_map().values()]:
        selector.unregister(reading)
        os.close(reading)
