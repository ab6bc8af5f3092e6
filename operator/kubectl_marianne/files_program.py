"""What the reader Pod runs: this very text, given to the image's own python. Hence nothing but the standard library.

It answers on standard output, which is the Pod's log: the bytes in base64, then `= <sha256>`, or `! <why not>` where it
cannot. A log passes bytes neither exactly nor surely to their end; so sent, both are seen.
"""

import base64
import hashlib
import json
import os
import stat
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

LARGEST = 64 << 20
"""Bytes that may go through a log: nodes keep logs of a few dozen megabytes."""
LINE = 3 * 1024
LEDGER = ".marianne"
ATTEMPTS, KEPT = 20, 1 << 20
"""The latest of a sheet; bytes of each of their files."""


class Sender:
    """A file to be written to: what `tarfile` wants, and what says in the end that all of it was said."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._digest = hashlib.sha256()
        self._rest = b""

    def write(self, data: bytes) -> int:
        """Lines of full length; the rest is kept."""
        self._digest.update(data)
        held = self._rest + data
        whole = len(held) - len(held) % LINE
        for start in range(0, whole, LINE):
            self._say(base64.b64encode(held[start : start + LINE]).decode())
        self._rest = held[whole:]
        return len(data)

    def end(self) -> None:
        """The last line: what was sent is complete."""
        if self._rest:
            self._say(base64.b64encode(self._rest).decode())
        self._say("= " + self._digest.hexdigest())


def inside(root: Path, path: str) -> Path:
    """The place meant, links followed; raises `ValueError` where that leads out of the workspace."""
    found = (root / path.lstrip("/")).resolve()
    if not found.is_relative_to(root.resolve()):
        raise ValueError(f"{path}: it leads out of the workspace")
    if not found.exists():
        raise ValueError(f"{path}: no such file in the workspace")
    return found


def entries(root: Path, start: Path) -> Iterator[dict[str, object]]:
    """Every file and folder below `start`, or that file; the ledger at the root is none of the sheets' results."""
    for folder, folders, files in os.walk(start) if start.is_dir() else [(str(start.parent), [], [start.name])]:
        if Path(folder) == root and LEDGER in folders:
            folders.remove(LEDGER)
        folders.sort()
        for name in sorted([*folders, *files]):
            path = Path(folder, name)
            seen = path.lstat()
            kind = "folder" if stat.S_ISDIR(seen.st_mode) else "link" if stat.S_ISLNK(seen.st_mode) else "file"
            told = os.fsencode(path.relative_to(root)).decode("utf-8", "replace")
            yield {"path": told, "kind": kind, "size": seen.st_size, "modified": int(seen.st_mtime)}


def check_size(root: Path, start: Path) -> None:
    """Raises `ValueError` for more than a log can carry."""
    size = sum(int(str(each["size"])) for each in entries(root, start))
    if size > LARGEST:
        raise ValueError(f"{size >> 20} MiB are too much for this way out; at most {LARGEST >> 20} MiB at once")


def answer(root: Path, question: str, path: str, say: Callable[[str], None]) -> None:
    """`ls`, `evidence`: lines of JSON. `cat`: a file's bytes. `cp`: a tar with one member, the file or folder."""
    if question == "evidence" and not (root / path).is_dir():
        raise ValueError("the ledger holds no attempt of this sheet")
    start, sender = inside(root, path), Sender(say)
    if question == "ls":
        for each in entries(root.resolve(), start):
            sender.write(json.dumps(each).encode() + b"\n")
    elif question == "evidence":
        for each in attempts(start):
            sender.write(json.dumps(each).encode() + b"\n")
    elif question == "cat":
        if not start.is_file():
            raise ValueError(f"{path}: it is no regular file")
        check_size(root.resolve(), start)
        with start.open("rb") as file:
            while piece := file.read(1 << 20):
                sender.write(piece)
    else:
        check_size(root.resolve(), start)
        with tarfile.open(fileobj=sender, mode="w|gz") as archive:  # type: ignore[call-overload]
            archive.add(start, arcname="" if start == root.resolve() else start.name, filter=_member)
    sender.end()


def attempts(sheet: Path) -> Iterator[dict[str, object]]:
    """What the ledger keeps of a sheet's attempts, in order. Who ran there may have put anything in the place of it."""
    numbers = sorted(int(each.name[1:]) for each in sheet.glob("a*") if each.name[1:].isdecimal())
    for number in numbers[-ATTEMPTS:]:
        files: dict[str, object] = {}
        for name in ("prompt", "stdout", "stderr", "verdict"):
            text = kept(sheet / f"a{number}" / name)
            if text is not None and name == "verdict":
                files[name] = as_object(text)
            elif text is not None:
                files[name] = {"size": len(text), "text": text.decode("utf-8", "replace")}
        yield {"attempt": number, "files": files}


def kept(path: Path) -> "bytes | None":
    """A regular file's beginning."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        return file.read(KEPT) if stat.S_ISREG(os.fstat(descriptor).st_mode) else None


def as_object(text: bytes) -> "dict[str, object]":
    """Empty where it is none."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _member(member: tarfile.TarInfo) -> "tarfile.TarInfo | None":
    """Without the ledger; the tar's own folder needs no entry."""
    return None if member.name.split("/")[0] == LEDGER else member


def main() -> int:
    """Arguments: the workspace's folder, the question, the path."""
    root, question, path = sys.argv[1:4]
    try:
        answer(Path(root), question, path, lambda line: print(line, flush=False))
    except (ValueError, OSError) as error:
        print("! " + " ".join(str(error).split()))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
