"""Run the instrument: its own process group, a time limit, its output seen live and kept in part."""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from marianne_runner.command import Command
from marianne_runner.redact import redact

GRACE_SECONDS: Final = 2.0
"""Between SIGTERM and SIGKILL."""
DRAIN_SECONDS: Final = 1.0
"""For output that a dead instrument's own children still hold open."""
KEPT_BYTES: Final = 8 << 20
"""Of each stream in the ledger; beyond it only the tail is kept."""
CHUNK: Final = 65536


@dataclass(frozen=True, slots=True)
class Ended:
    """`code` None: killed by `signal_number`. Tails are raw bytes, redacted, of the size asked for."""

    code: int | None
    signal_number: int | None
    timed_out: bool
    interrupted: bool
    seconds: float
    stdout: bytes
    stderr: bytes
    truncated: bool


class InstrumentMissingError(OSError):
    """There is no such program in the image."""


class Tee:
    """One stream: live to our own, to a file in the ledger, and its end in memory."""

    def __init__(self, live: IO[bytes], file: Path, tail_bytes: int) -> None:
        self._live, self._file, self._limit = live, file.open("wb"), tail_bytes
        self._line, self._tail, self._kept = b"", bytearray(), 0
        self.truncated = False

    def feed(self, chunk: bytes) -> None:
        """Whole lines at once, so that a credential is not cut in two; a line without end goes in pieces."""
        lines, separator, rest = (self._line + chunk).rpartition(b"\n")
        self._line = rest
        if separator or len(rest) > CHUNK:
            self._write(lines + separator if separator else self._take_line())

    def close(self) -> bytes:
        """The end of what was written."""
        self._write(self._take_line())
        self._file.close()
        return bytes(self._tail)

    def _take_line(self) -> bytes:
        line, self._line = self._line, b""
        return line

    def _write(self, raw: bytes) -> None:
        text = redact(raw)
        self._live.write(text)
        self._live.flush()
        if self._kept < KEPT_BYTES:
            self._keep(text[: KEPT_BYTES - self._kept])
        self._tail += text
        if len(self._tail) > self._limit:
            del self._tail[: -self._limit]
            self.truncated = True

    def _keep(self, text: bytes) -> None:
        try:
            self._file.write(text)
            self._file.flush()
        except OSError:  # a full disk: the tail goes on in memory
            self._kept = KEPT_BYTES
        else:
            self._kept += len(text)


def perform(
    command: Command, workspace: Path, timeout: float, tees: tuple[Tee, Tee], stopped: Callable[[], bool]
) -> Ended:
    """Until it ends, its time is over, or `stopped`; raises `InstrumentMissingError`."""
    begun = time.monotonic()
    process = _start(command, workspace)
    timed_out = interrupted = False
    with selectors.DefaultSelector() as selector, os.fdopen(os.pidfd_open(process.pid)) as end:
        selector.register(end, selectors.EVENT_READ, _nothing)  # wakes us the moment it ends
        _register(selector, process, tees)
        _Feeder(selector, process, command.stdin)
        while process.poll() is None:
            _pump(selector, 0.2)
            timed_out = time.monotonic() - begun > timeout
            interrupted = stopped()
            if timed_out or interrupted:
                _end(process, selector)
                break
        selector.unregister(end)
        _kill(process, signal.SIGKILL)
        _drain(selector)
    stdout, stderr = tees[0].close(), tees[1].close()
    code = process.returncode
    return Ended(
        code=code if code >= 0 else None,
        signal_number=-code if code < 0 else None,
        timed_out=timed_out,
        interrupted=interrupted,
        seconds=time.monotonic() - begun,
        stdout=stdout,
        stderr=stderr,
        truncated=tees[0].truncated or tees[1].truncated,
    )


def _start(command: Command, workspace: Path) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command.arguments,
            cwd=workspace,
            env=command.environment,
            stdin=subprocess.PIPE if command.stdin is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            bufsize=0,
        )
    except (FileNotFoundError, PermissionError, NotADirectoryError) as error:
        raise InstrumentMissingError(error.errno, f"{command.arguments[0]}: {error.strerror}") from error


class _Feeder:
    """Writes standard input as fast as the instrument reads it; one that does not read loses nothing but that."""

    def __init__(self, selector: selectors.BaseSelector, process: subprocess.Popen[bytes], text: bytes | None) -> None:
        self._selector, self._pipe, self._rest = selector, process.stdin, memoryview(text or b"")
        if self._pipe is not None:
            os.set_blocking(self._pipe.fileno(), False)
            selector.register(self._pipe, selectors.EVENT_WRITE, self.write)

    def write(self) -> None:
        """As much as fits; close at the end."""
        pipe = self._pipe
        if pipe is None:
            return
        try:
            self._rest = self._rest[os.write(pipe.fileno(), self._rest[:CHUNK]) :] if self._rest else self._rest
        except BrokenPipeError:
            self._rest = self._rest[:0]
        if not self._rest:
            self._selector.unregister(pipe)
            pipe.close()
            self._pipe = None


def _register(selector: selectors.BaseSelector, process: subprocess.Popen[bytes], tees: tuple[Tee, Tee]) -> None:
    for pipe, tee in zip((process.stdout, process.stderr), tees, strict=True):
        if pipe is None:
            raise ValueError("the instrument's output is piped")

        def read(pipe: IO[bytes] = pipe, tee: Tee = tee) -> None:
            if chunk := os.read(pipe.fileno(), CHUNK):
                tee.feed(chunk)
            else:
                selector.unregister(pipe)

        selector.register(pipe, selectors.EVENT_READ, read)


def _nothing() -> None:
    """An end has nothing to be read."""


def _pump(selector: selectors.BaseSelector, seconds: float) -> bool:
    """Move what is there to be moved; whether anything was."""
    ready = selector.select(seconds)
    for key, _ in ready:
        key.data()
    return bool(ready)


def _end(process: subprocess.Popen[bytes], selector: selectors.BaseSelector) -> None:
    _kill(process, signal.SIGTERM)
    until = time.monotonic() + GRACE_SECONDS
    while process.poll() is None and time.monotonic() < until:
        _pump(selector, 0.05)
    _kill(process, signal.SIGKILL)
    process.wait()


def _kill(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """The whole group: the instrument's children go with it."""
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):
        return


def _drain(selector: selectors.BaseSelector) -> None:
    until = time.monotonic() + DRAIN_SECONDS
    while selector.get_map() and time.monotonic() < until:
        if not _pump(selector, 0.05):
            return
