"""Room on the claim, taken before the instrument starts and given back when it has ended.

An instrument may fill the disk. Its work must be known as done all the same, and a disk that has no room for that from
the start must be said before anything is paid for.
"""

import contextlib
import errno
import os
from pathlib import Path
from typing import Final

MARKS: Final = 64 * 1024
"""Bytes for the marks, each with its verdict."""
MOST: Final = 1 << 20
_CANNOT: Final = frozenset({errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS})


class Room:
    """A file of zeros beside the marks."""

    def __init__(self, folder: Path, tail_bytes: int) -> None:
        self._path = folder / f".room.{os.urandom(8).hex()}"
        self._size = min(MARKS + 2 * tail_bytes, MOST)

    def take(self) -> None:
        """Raises `OSError` where there is no such room."""
        descriptor = os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o664)
        try:
            os.posix_fallocate(descriptor, 0, self._size)
        except OSError as error:
            if error.errno in _CANNOT:
                return  # a file system that gives no such promise
            self.free()
            error.filename = str(self._path.parent)
            raise
        finally:
            os.close(descriptor)

    def free(self) -> None:
        """Never fails: what cannot be removed is a hundred kilobytes that stay."""
        with contextlib.suppress(OSError):
            self._path.unlink()
