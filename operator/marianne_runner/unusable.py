"""A claim that cannot take a ledger: what is wrong with it and what mends it, in one line."""

import errno
import os
from pathlib import Path
from typing import Final

from marianne_runner.marks import NoHardLinksError

_WRITABLE: Final = "it must be writable for user or group 65532"
_SPACE: Final = "free some space on the claim, or enlarge it"
_FIXES: Final = {
    errno.EROFS: "mount the claim read-write",
    errno.EACCES: _WRITABLE,
    errno.EPERM: _WRITABLE,
    errno.ENOSPC: _SPACE,
    errno.EDQUOT: _SPACE,
}
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
