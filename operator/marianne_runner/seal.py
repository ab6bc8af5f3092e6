"""The job's key in the runner: every mark is signed for its place, and what is not is no mark (decision 023).

An agent runs as the same user on the same disk, so it can write whatever it likes into the ledger. It cannot sign: the
key comes by the environment, leaves it before anything else is started, and `/proc` tells nobody of us.
"""

import ctypes
import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from marianne_runner.contract import KEY_VARIABLE
from marianne_runner.contract.signature import SIGNATURE_CHARACTERS, is_signed, signature

LARGEST: Final = 64 << 20
"""Bytes of a file in the ledger: ours are far smaller, and a forged one must not fill the memory."""
_OPENING: Final = b', "mac": "'
_CLOSING: Final = b'"}'
_TAIL: Final = len(_OPENING) + SIGNATURE_CHARACTERS + len(_CLOSING)


class UnreadableMarkError(Exception):
    """A mark that is no JSON object. It was whole when it was made: somebody wrote over it, or the disk is broken."""


class Seal(NamedTuple):
    """`folder`: of the job, in the ledger."""

    key: str
    folder: Path

    def closed(self, path: Path, content: bytes) -> bytes:
        """A JSON object, signed for that file."""
        return content[:-1] + _OPENING + signature(self.key, self._place(path), content).encode() + _CLOSING

    def opened(self, path: Path, raw: bytes) -> bytes:
        """What was signed for that file. Raises `UnreadableMarkError`."""
        content, tail = raw[:-_TAIL] + b"}", raw[-_TAIL:]
        told = tail[len(_OPENING) : -len(_CLOSING)].decode(errors="replace")
        if not is_signed(self.key, self._place(path), content, told):
            raise UnreadableMarkError(f"{path} is no mark of ours: it is not signed with the job's key")
        return content

    def _place(self, path: Path) -> str:
        return f"{self.folder.name}/{path.relative_to(self.folder)}"


def take_key() -> str:
    """Ours from now on, and no child's; empty where the job has none.

    The block of memory that `/proc/<pid>/environ` shows is overwritten as well: should we ever become readable, the
    key is not there.
    """
    libc = ctypes.CDLL(None)
    libc.getenv.restype = ctypes.c_void_p
    address = libc.getenv(KEY_VARIABLE.encode())
    key = os.environ.pop(KEY_VARIABLE, "")
    if address:
        ctypes.memset(address, 0, len(key.encode(errors="surrogateescape")))
    return key


def signed(path: Path, content: Mapping[str, Any], seal: Seal | None) -> bytes:
    """As it goes to the disk."""
    plain = json.dumps(content).encode()
    return plain if seal is None else seal.closed(path, plain)


def read_mark(path: Path, seal: Seal | None) -> dict[str, Any] | None:
    """The mark's content, or None where there is none. Raises `UnreadableMarkError`."""
    raw = read_regular(path)
    if raw is None:
        return None
    try:
        found = json.loads(raw if seal is None else seal.opened(path, raw))
    except (ValueError, RecursionError) as error:
        raise UnreadableMarkError(f"{path} is no mark of ours: {error}") from error
    if not isinstance(found, dict):
        raise UnreadableMarkError(f"{path} is no mark of ours")
    return found


def read_regular(path: Path, most: int = LARGEST) -> bytes | None:
    """A file's content, or None where there is none. Raises `UnreadableMarkError` for what is no file of ours.

    A link, a pipe or a device in its place must neither lead us elsewhere nor hold us up.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if _is_ours(path):
            raise
        raise UnreadableMarkError(f"{path} is no mark of ours: {error.strerror}") from error
    about = os.fstat(descriptor)
    if not stat.S_ISREG(about.st_mode) or about.st_size > most:
        os.close(descriptor)
        raise UnreadableMarkError(f"{path} is no mark of ours: it is no file that we would make")
    with os.fdopen(descriptor, "rb") as file:
        return file.read(most)


def _is_ours(path: Path) -> bool:
    """A readable file: that it cannot be opened is the disk's fault."""
    mode = os.lstat(path).st_mode
    return stat.S_ISREG(mode) and bool(mode & stat.S_IRUSR)
