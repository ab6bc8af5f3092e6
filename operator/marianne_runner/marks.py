"""One attempt's folder in the ledger: marks made once, a beat, a fence (design §4).

A mark is a file that is linked into place: the second writer gets EEXIST and looks again, whoever it is and however
long it slept. `beat` and `fence` are written in place and have one size; others judge them by reading and their own
clock, never by modification times, which caches and clocks make lie.
"""

import contextlib
import errno
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from marianne_runner.seal import Seal, UnreadableMarkError, read_mark, read_regular, signed

STARTED: Final = "started"
PERFORMED: Final = "performed"
VERDICT: Final = "verdict"
FORGED: Final = "forged-"
BEAT: Final = "beat"
FENCE: Final = "fence"
_WIDTH: Final = 64
"""Bytes of `beat` and `fence`: written over in place, so that no disk is ever too full for them."""
_OPENINGS: Final = 3
_OPEN: Final = 0o775
_CLOSED: Final = 0o500


_NO_LINKS: Final = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK})


class NoHardLinksError(OSError):
    """The file system cannot link, so nothing on it can be made exactly once."""


class AttemptFolder:
    """`<ledger>/<job uid>/s<sheet>/a<attempt>`."""

    def __init__(self, path: Path, seal: Seal | None = None) -> None:
        self.path, self._seal = path, seal

    @property
    def number(self) -> int:
        """The attempt."""
        return int(self.path.name[1:])

    def prepare(self) -> None:
        """Make the folder with `beat` and `fence`; raises `OSError` where the ledger cannot be written."""
        for folder in (self.path.parent.parent, self.path.parent, self.path):
            with contextlib.suppress(FileExistsError):
                folder.mkdir(_OPEN)
                sync_folder(folder.parent)
        for name in (BEAT, FENCE):
            with contextlib.suppress(FileExistsError):
                _write_new(self.path / name, b" " * _WIDTH)

    @property
    def signs(self) -> bool:
        """Marks are signed: the job has a key."""
        return self._seal is not None

    def read(self, mark: str) -> dict[str, Any] | None:
        """The mark's content, or None.

        With a key, what stands in its place and is not signed is set aside; without one, it is taken at its word, and
        what is no word raises `UnreadableMarkError`.
        """
        try:
            return read_mark(self.path / mark, self._seal)
        except UnreadableMarkError:
            if self._seal is None:
                raise
        self.set_aside(mark)
        return None

    @property
    def forged(self) -> list[str]:
        """Names of what was set aside here; without a key nothing ever is."""
        return sorted(each.name for each in self.path.glob(f"{FORGED}*")) if self.signs else []

    def set_aside(self, name: str) -> None:
        """Keep as evidence what somebody else put there, under a name that nobody takes for a mark."""
        self.open()
        set_aside(self.path / name)

    def link(self, mark: str, content: Mapping[str, Any]) -> bool:
        """Make the mark; False if it stands already. Raises `OSError`."""
        return self.keep(mark, signed(self.path / mark, content, self._seal))

    def keep(self, name: str, content: bytes) -> bool:
        """As `link`, for any content.

        The folder may be closed, because the instrument runs, or because its worker was killed while it ran.
        """
        path = self.path / name
        for _ in range(_OPENINGS):
            try:
                return link_once(path, content)
            except PermissionError:
                if path.exists():
                    return False
                self.open()
        return link_once(path, content)

    def beat(self) -> None:
        """Still alive. Raises `OSError`."""
        count = _read(self.path / BEAT).strip()
        following = int(count) + 1 if count.isdigit() else 1
        _write_over(self.path / BEAT, str(following))

    def last_beat(self) -> bytes:
        """Whatever was beaten last."""
        return _read(self.path / BEAT)

    def fence(self, by: str) -> None:
        """From now on the attempt is that Pod's: whoever else works on it stops and writes nothing more."""
        self.prepare()
        _write_over(self.path / FENCE, by)

    @property
    def fenced_by(self) -> str:
        """The Pod that took the attempt over; empty if none did."""
        return _read(self.path / FENCE).decode(errors="replace").strip()

    def close(self) -> None:
        """An agent that clears up must not meet what is written here."""
        self._allow(_CLOSED)

    def open(self) -> None:
        """For marks to come."""
        self._allow(_OPEN)

    def _allow(self, mode: int) -> None:
        with contextlib.suppress(OSError):  # a file system without modes, a folder of another user
            self.path.chmod(mode)


def remember(path: Path, content: Mapping[str, Any], seal: Seal | None) -> Mapping[str, Any]:
    """Make the file, once and signed; what stands there now. Raises `OSError`."""
    while not link_once(path, signed(path, content, seal)):
        if (known := remembered(path, seal)) is not None:
            return known
    return content


def remembered(path: Path, seal: Seal | None) -> dict[str, Any] | None:
    """What `remember` keeps there; what somebody else put there is set aside, and nothing is known."""
    try:
        return read_mark(path, seal)
    except UnreadableMarkError:
        set_aside(path)
        return None


def link_once(path: Path, content: bytes) -> bool:
    """A file that is whole the moment it is there, synced to disk; False if one of its name was first."""
    temporary = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    _write_new(temporary, content)
    try:
        os.link(temporary, path)
    except FileExistsError:
        # NFS answers so, too, when the reply to our own successful call was lost and the call repeated.
        return temporary.stat().st_nlink > 1
    except OSError as error:
        if error.errno in _NO_LINKS:
            raise NoHardLinksError(error.errno, error.strerror, str(path)) from error
        raise
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)
    return True


def set_aside(path: Path) -> None:
    """Another name for what somebody else put there."""
    with contextlib.suppress(FileNotFoundError):
        path.rename(path.with_name(f"{FORGED}{path.name}-{os.urandom(4).hex()}"))


def sync_folder(path: Path) -> None:
    """What was linked in it survives a crash of the machine."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a file system whose folders have nothing to sync
            raise
    finally:
        os.close(descriptor)


def _write_new(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o664)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        path.unlink(missing_ok=True)
        raise


def _write_over(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        os.pwrite(descriptor, text.encode()[:_WIDTH].ljust(_WIDTH), 0)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path) -> bytes:
    try:
        return read_regular(path, _WIDTH) or b""
    except UnreadableMarkError:
        return b""
