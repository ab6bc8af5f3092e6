"""What a program says: shown live, redacted, and its end kept, whatever it says and however much."""

import os
from collections.abc import Callable
from typing import Final, Protocol

from marianne_runner.redact import redact

LINE_LIMIT: Final = 64 * 1024
"""Bytes of a line without an end that are held back, so that a credential is not cut in two."""
LOG_BYTES: Final = 64 << 20
"""Of each stream in the Pod's log, which is on the node's disk: a kubelet looks at its size now and then only."""
_OVERLAP: Final = 512
"""Bytes of a longer one that stay held back; cut at a blank where there is one."""


class Sink(Protocol):
    """Takes a stream."""

    def feed(self, chunk: bytes) -> None:
        """The next of it."""

    def close(self) -> None:
        """That was all."""


class Tee:
    """Live to `show`; the last `tail_bytes` of it, redacted; of a document the first `document_bytes` as they are."""

    def __init__(self, show: Callable[[bytes], None], tail_bytes: int, document_bytes: int = 0) -> None:
        self._show, self._limit, self._document_limit = show, tail_bytes, document_bytes
        self._held, self._tail, self._document = b"", bytearray(), bytearray()
        self.truncated = False
        self.count = 0
        """Bytes of the whole stream."""

    def feed(self, chunk: bytes) -> None:
        """Whole lines at once."""
        self.count += len(chunk)
        self._document += chunk[: self._document_limit - len(self._document)]
        lines, separator, rest = (self._held + chunk).rpartition(b"\n")
        if len(rest) > LINE_LIMIT:
            cut = _cut(rest)
            self._held, out = rest[cut:], lines + separator + rest[:cut]
        else:
            self._held, out = rest, lines + separator
        if out:
            self._keep(redact(out))

    def close(self) -> None:
        """What was held back, too."""
        held, self._held = self._held, b""
        if held:
            self._keep(redact(held))

    @property
    def tail(self) -> bytes:
        """The end of the stream."""
        return bytes(self._tail)

    @property
    def document(self) -> bytes:
        """The stream from its start; cut where it was longer than asked for."""
        return bytes(self._document)

    def _keep(self, text: bytes) -> None:
        self._show(text)
        self._tail += text[-self._limit - 1 :]
        if len(self._tail) > self._limit:
            del self._tail[: len(self._tail) - self._limit]
            self.truncated = True


class Head:
    """The first bytes of a stream."""

    def __init__(self, limit: int) -> None:
        self._limit, self.content = limit, b""

    def feed(self, chunk: bytes) -> None:
        """Beyond the limit, nothing is kept."""
        self.content += chunk[: self._limit - len(self.content)]

    def close(self) -> None:
        """Nothing is held back."""


class Live:
    """One of our own outputs. Once nobody can read it any more, the rest goes to nobody; so does what is too much."""

    def __init__(self, descriptor: int, limit: int | None = None) -> None:
        self._descriptor, self._limit = descriptor, limit
        self._given, self._broken = 0, False

    def __call__(self, text: bytes) -> None:
        """All of it, however long that takes: a log that is read slowly slows the instrument, and loses nothing."""
        before, self._given = self._given, self._given + len(text)
        if self._limit is None or self._given <= self._limit:
            self._write(text)
        elif before <= self._limit:
            told = f"\nmarianne-runner: {self._limit} bytes are enough: of what follows, the end is shown\n"
            self._write(text[: self._limit - before] + told.encode())

    def end(self, tail: bytes) -> None:
        """Where something was left out: how much, and the end of it."""
        left_out = self._given - (self._limit or self._given)
        if left_out > 0:
            shown = tail[-left_out:]
            told = f"marianne-runner: {left_out - len(shown)} bytes are left out here\n"
            self._write(told.encode() + shown)

    def _write(self, text: bytes) -> None:
        rest = memoryview(text)
        while rest and not self._broken:
            try:
                rest = rest[os.write(self._descriptor, rest) :]
            except OSError:
                self._broken = True


def _cut(line: bytes) -> int:
    blank = line.rfind(b" ", 0, len(line) - _OVERLAP)
    return blank + 1 if blank > 0 else len(line) - _OVERLAP
