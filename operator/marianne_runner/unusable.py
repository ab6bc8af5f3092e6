"""A claim that cannot take a ledger: what is wrong with it and what mends it, in one line."""

import errno
import os
from pathlib import Path
from typing import Final

from marianne_runner.marks import NoHardLinksError
from marianne_runner.places import Places

_WRITABLE: Final = "it must be writable for user or group 65532"
_SPACE: Final = "free some space on the claim, or enlarge it"
_FIXES: Final = {
    errno.EROFS: "mount the claim read-write",
    errno.EACCES: _WRITABLE,
    errno.EPERM: _WRITABLE,
    errno.ENOSPC: _SPACE,
    errno.EDQUOT: _SPACE,
}
_TEMPORARY: Final = "raise the limit of what it is on, or have less written there"
_LEAST: Final = 64 << 10
"""Bytes: with less left, a program has met the end of the disk, or is about to."""
_LINKS: Final = "the ledger needs hard links: use a claim whose file system has them, as ext4, xfs and NFS do"


def probe(workspace: Path) -> None:
    """The agent's folder, there and writable. Raises `OSError`."""
    workspace.mkdir(exist_ok=True)
    if not os.access(workspace, os.W_OK | os.X_OK):
        read_only = os.statvfs(workspace).f_flag & os.ST_RDONLY
        number = errno.EROFS if read_only else errno.EACCES
        raise OSError(number, os.strerror(number), str(workspace))


def explain(error: OSError, ledger: Path) -> str:
    """Which path, what the kernel says of it, and the fix."""
    name = errno.errorcode.get(error.errno or 0, "unknown error")
    fix = _LINKS if isinstance(error, NoHardLinksError) else _FIXES.get(error.errno or 0, "look at the claim's volume")
    return f"{error.filename or ledger}: {error.strerror or error} ({name}): {fix}"


def full(places: Places) -> str:
    """Which disk of the Pod has nothing left, and what mends it; empty where all have."""
    temporary = places.root / "tmp"
    disks = ((places.workspace, "the workspace's claim", _SPACE), (temporary, f"/{temporary.name}", _TEMPORARY))
    return "; ".join(f"{name} is full: {fix}" for path, name, fix in disks if _is_full(path))


def _is_full(path: Path) -> bool:
    try:
        found = os.statvfs(path)
    except OSError:
        return False
    no_names_left = found.f_files > 0 and found.f_favail == 0
    return found.f_blocks > 0 and (found.f_bavail * found.f_frsize < _LEAST or no_names_left)
