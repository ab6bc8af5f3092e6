"""What a person sees while things are built: one line when a step begins, one with its time when it ends."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


class SetupError(RuntimeError):
    """A step failed; the message says what, shows the end of its log and names the fix."""


@contextmanager
def step(title: str) -> Iterator[None]:
    """Announce a step; its time when it went well."""
    say(f"… {title}")
    begun = time.monotonic()
    yield
    say(f"✓ {title} ({time.monotonic() - begun:.1f} s)")


def say(line: str) -> None:
    """One line, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def tail(log: Path, lines: int = 15) -> str:
    """The end of a log, indented; says so when there is none."""
    if not log.is_file():
        return "  (no log)"
    text = log.read_text(errors="replace").splitlines()[-lines:]
    return "\n".join(f"  {line}" for line in text) or "  (empty log)"


def wait_until(condition: str, check: Callable[[], bool], deadline_seconds: float, log: Path | None = None) -> None:
    """Poll `check` until it is true; raises `SetupError` with the log's end when the deadline passes."""
    until = time.monotonic() + deadline_seconds
    while not check():
        if time.monotonic() > until:
            shown = f"; the end of {log.name}:\n{tail(log)}" if log is not None else ""
            raise SetupError(f"waited {deadline_seconds:.0f} s for {condition}{shown}")
        time.sleep(0.1)
