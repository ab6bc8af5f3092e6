"""Processes of the Pod: keep the credentials from them, start them, and leave none behind.

As PID 1 of the Pod everything else is ours to kill. Elsewhere (a shared process namespace, a test) only descendants
are, and those that were orphaned come back to us because we are their subreaper.
"""

import contextlib
import ctypes
import os
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

_PR_SET_DUMPABLE: Final = 4
_PR_SET_CHILD_SUBREAPER: Final = 36
_END_SECONDS: Final = 5.0
"""For killed processes to be gone: one that waits for a dead disk never is."""
_RESET: Final = (signal.SIGPIPE, signal.SIGXFSZ)
"""Python ignores these; a program that inherits that would write to nobody for ever."""


class Program(NamedTuple):
    """What to start. `executable` is a path; `stdin` None is an empty input."""

    executable: str
    arguments: Sequence[bytes]
    environment: Mapping[str, str]
    folder: Path
    stdin: bytes | None = None
    own_session: bool = False


def harden() -> None:
    """Nobody reads our memory or environment through `/proc`; orphans of our children become ours."""
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def spawn(program: Program, stdout: int, stderr: int) -> int:
    """Start it as the leader of a process group of its own; its PID. Raises `OSError`."""
    stdin = _input(program.stdin)
    ours = os.open(".", os.O_PATH | os.O_DIRECTORY)
    try:
        os.chdir(program.folder)
        return os.posix_spawn(
            program.executable,
            list(program.arguments),
            {
                name.encode(errors="surrogateescape"): value.encode(errors="surrogateescape")
                for name, value in program.environment.items()
            },
            file_actions=[(os.POSIX_SPAWN_DUP2, from_, to) for from_, to in ((stdin, 0), (stdout, 1), (stderr, 2))],
            **({"setsid": True} if program.own_session else {"setpgroup": 0}),
            setsigdef=_RESET,
        )
    finally:
        os.close(stdin)
        os.fchdir(ours)
        os.close(ours)


def _input(content: bytes | None) -> int:
    """A file in memory: a pipe would have to be fed, and a program that does not read would block us."""
    if content is None:
        return os.open(os.devnull, os.O_RDONLY)
    descriptor = os.memfd_create("stdin")
    with os.fdopen(os.dup(descriptor), "wb") as file:
        file.write(content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def reap(pid: int) -> int | None:
    """Take in all that has ended; the wait status of `pid` once it is among them."""
    found = None
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            if ended[0] == pid:
                found = ended[1]
    return found


def signal_group(pid: int, number: signal.Signals) -> None:
    """To a program and those of its children that stayed with it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def kill_everything_else() -> None:
    """SIGKILL to every other process of the Pod, or to every descendant, until none is left.

    Children that have ended are taken in: not to be called while a program's wait status is still of interest.
    """
    until = time.monotonic() + _END_SECONDS
    while others := _others():
        _kill(others)
        reap(0)
        if time.monotonic() > until:
            return
        time.sleep(0.001)
    reap(0)


def _kill(others: Sequence[int]) -> None:
    if os.getpid() == 1:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(-1, signal.SIGKILL)  # all at once, so that none can start another in between
        return
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for pid in others:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)


def _others() -> list[int]:
    """Living processes: all but us as PID 1, else our descendants. One that has ended but was not taken in is none."""
    us = os.getpid()
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and (parent := _living_parent(entry)) is not None:
            parents[int(entry.name)] = parent
    if us == 1:
        return [pid for pid in parents if pid != 1 and _is_killable(pid)]
    return [pid for pid in parents if _descends(pid, us, parents)]


def _is_killable(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _living_parent(entry: Path) -> int | None:
    try:
        state, parent, *_ = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except (OSError, ValueError):
        return None
    return None if state in ("Z", "X") else int(parent)


def _descends(pid: int, ancestor: int, parents: Mapping[int, int]) -> bool:
    pid = parents.get(pid, 0)
    while pid and pid != ancestor:
        pid = parents.get(pid, 0)
    return pid == ancestor
