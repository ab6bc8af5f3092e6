"""Processes of the Pod: keep the credentials from them, and leave none behind.

As PID 1 of the Pod everything else is ours to kill. Elsewhere (a shared process namespace, a test) only descendants
are, and those that were orphaned come back to us because we are their subreaper.
"""

import contextlib
import ctypes
import os
import signal
from pathlib import Path
from typing import Final

PR_SET_DUMPABLE: Final = 4
PR_SET_CHILD_SUBREAPER: Final = 36


def harden() -> None:
    """Nobody reads our memory or environment through `/proc`; orphans of our children become ours."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def kill_everything_else() -> None:
    """SIGKILL to every other process of the Pod, or to every descendant; again, until none is left."""
    while others := _others():
        for pid in others:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        reap()


def reap() -> None:
    """Take in what has ended."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _others() -> list[int]:
    """Living processes: all but us as PID 1, else our descendants. A zombie is none."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and (parent := _living_parent(entry)) is not None:
            parents[int(entry.name)] = parent
    us = os.getpid()
    if us == 1:
        return [pid for pid in parents if pid != 1 and _is_ours(pid)]
    return [pid for pid in parents if _descends(pid, us, parents)]


def _is_ours(pid: int) -> bool:
    """Of our user: an injected container that shares the namespace under another one is not ours to kill."""
    try:
        return Path(f"/proc/{pid}").stat().st_uid == os.getuid()
    except OSError:
        return False


def _living_parent(entry: Path) -> int | None:
    try:
        state, parent, *_ = (entry / "stat").read_text().rpartition(")")[2].split()
    except (OSError, ValueError):
        return None
    return None if state in ("Z", "X") else int(parent)


def _descends(pid: int, ancestor: int, parents: dict[int, int]) -> bool:
    pid = parents.get(pid, 0)
    while pid and pid != ancestor:
        pid = parents.get(pid, 0)
    return pid == ancestor
