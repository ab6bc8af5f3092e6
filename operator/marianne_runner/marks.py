"""One attempt's folder in the ledger: marks made once, a beat, a fence (design §4).

A mark is a file that is linked into place: the second writer gets EEXIST and looks again, whoever it is and however
long it slept. `beat` and `fence` are written in place; others judge them by reading and their own clock, never by
modification times, which caches and clocks make lie.
"""

import contextlib
import json
import os
import secrets
from pathlib import Path
from typing import Any, Final

STARTED: Final = "started"
PERFORMED: Final = "performed"
VERDICT: Final = "verdict"
BEAT: Final = "beat"
FENCE: Final = "fence"
SET: Final = b"1"


class AttemptFolder:
    """`<ledger>/<job uid>/s<sheet>/a<attempt>`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def prepare(self) -> None:
        """Make the folder with `beat` and `fence`; raises `OSError` where the ledger cannot be written."""
        self.path.mkdir(parents=True, exist_ok=True)
        for name in (BEAT, FENCE):
            with contextlib.suppress(FileExistsError):
                os.close(os.open(self.path / name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o664))

    def read(self, mark: str) -> dict[str, Any] | None:
        """The mark's content, or None."""
        try:
            content = (self.path / mark).read_bytes()
        except FileNotFoundError:
            return None
        found: dict[str, Any] = json.loads(content)
        return found

    def link(self, mark: str, content: dict[str, Any]) -> bool:
        """Make the mark; False if it stands already. Raises `OSError`."""
        return link_once(self.path / mark, json.dumps(content).encode())

    def beat(self, count: int) -> None:
        """Still alive."""
        _write_in_place(self.path / BEAT, str(count).encode())

    def last_beat(self) -> bytes:
        """Whatever was beaten last."""
        return _read(self.path / BEAT)

    def fence(self) -> None:
        """Tell whoever works on this attempt to stop and write nothing more."""
        self.prepare()
        _write_in_place(self.path / FENCE, SET)

    @property
    def fenced(self) -> bool:
        """Somebody fenced it."""
        return _read(self.path / FENCE) == SET

    def close(self) -> None:
        """While the instrument runs: an agent that clears up must not meet its own ledger."""
        self.path.chmod(0o500)

    def reopen(self) -> None:
        """For the marks that follow."""
        self.path.chmod(0o775)


def link_once(path: Path, content: bytes) -> bool:
    """Write a file that is whole the moment it is there, unless one of its name is; synced to disk."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o664)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            return False
        sync_folder(path.parent)
        return True
    finally:
        temporary.unlink(missing_ok=True)


def sync_folder(path: Path) -> None:
    """What was linked or written in it survives a crash of the machine."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_in_place(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.pwrite(descriptor, content, 0)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
