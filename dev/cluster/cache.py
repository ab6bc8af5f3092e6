"""The folder outside the tree in which every checkout of a machine keeps what is slow to make."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dev.cluster.progress import say


def root() -> Path:
    """It survives the tree; removing it costs the next build twelve minutes, nothing else."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "marianne-dev"


@contextmanager
def locked(name: str) -> Iterator[None]:
    """One process of the machine at a time; who waits says so, because the other may need minutes."""
    root().mkdir(parents=True, exist_ok=True)
    with (root() / f"{name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"… waiting for another process that holds {lock.name}")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
