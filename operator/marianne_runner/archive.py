"""Move a workspace's old files into an archive inside it: what is moved, under which name, and which archives stay.

What is to be moved is settled once and written down; moving it can be broken off anywhere and taken up by another.
"""

import os
import re
import stat
import time
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final, TypedDict

from marianne_runner.contract import Archive

STAYS: Final = frozenset({".marianne", "lost+found"})
"""At the workspace's root: a ledger's folder, and what the file system itself keeps there."""
COUNTER: Final = ".iteration"
_OURS: Final = re.compile(r"(?:iteration-[0-9]{1,18}|[0-9]{8}T[0-9]{6}Z)(?:-[0-9]+)?")
"""Names of archives; whatever else lies beside them was not made here, and is never removed."""


class Removal(TypedDict):
    """Paths inside the workspace: where to, and what."""

    into: str
    entries: list[str]


def removal(workspace: Path, asked: Archive, now: float) -> Removal:
    """What is to be moved. Raises `OSError`."""
    patterns = [tuple(pattern.strip("/").split("/")) for pattern in asked["preserve"]]
    folder = tuple(asked["folder"].split("/"))
    entries, _ = _movable(workspace, (), [*patterns, (*folder, "**")])
    return Removal(into=f"{'/'.join(folder)}/{_name(workspace, asked, now)}", entries=entries)


def remove(workspace: Path, what: Removal) -> None:
    """Move what is still there. Raises `OSError`."""
    for entry in what["entries"]:
        source, target = workspace / entry, workspace / what["into"] / entry
        if os.path.lexists(target) or not os.path.lexists(source):
            continue  # moved before
        target.parent.mkdir(parents=True, exist_ok=True)
        source.rename(target)


def thin_out(workspace: Path, asked: Archive) -> None:
    """Only the newest archives stay, if their number is limited. Raises `OSError`."""
    base = workspace / asked["folder"]
    if not asked["keep"] or not base.is_dir():
        return
    made = [each for each in base.iterdir() if _OURS.fullmatch(each.name) and each.is_dir() and not each.is_symlink()]
    made.sort(key=lambda each: (each.stat().st_mtime_ns, each.name), reverse=True)
    for old in made[asked["keep"] :]:
        _delete(old)


def _movable(folder: Path, place: tuple[str, ...], patterns: list[tuple[str, ...]]) -> tuple[list[str], bool]:
    """As high up as nothing below is to stay; and whether something is."""
    found: list[str] = []
    stays = False
    for entry in sorted(os.scandir(folder), key=lambda each: each.name):
        path = (*place, entry.name)
        if (not place and entry.name in STAYS) or any(_fits(path, pattern) for pattern in patterns):
            stays = True
            continue
        below, kept = ["/".join(path)], False
        if entry.is_dir(follow_symlinks=False) and any(_fits(path, pattern, begin=True) for pattern in patterns):
            inside, kept = _movable(folder / entry.name, path, patterns)
            below = inside if kept else below
        found += below
        stays = stays or kept
    return found, stays


def _fits(path: tuple[str, ...], pattern: tuple[str, ...], *, begin: bool = False) -> bool:
    """`**` stands for any number of folders. `begin`: something below the path may fit."""
    if not path:
        return begin or all(part == "**" for part in pattern)
    if not pattern:
        return False
    if pattern[0] == "**":
        return _fits(path, pattern[1:], begin=begin) or _fits(path[1:], pattern, begin=begin)
    return fnmatchcase(path[0], pattern[0]) and _fits(path[1:], pattern[1:], begin=begin)


def _name(workspace: Path, asked: Archive, now: float) -> str:
    """By the counter that the workspace keeps, else by the time; a name that is taken gets a number."""
    number = _counted(workspace / COUNTER) if asked["naming"] == "iteration" else None
    stem = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now)) if number is None else f"iteration-{number}"
    name, again = stem, 1
    while os.path.lexists(workspace / asked["folder"] / name):
        again += 1
        name = f"{stem}-{again}"
    return name


def _counted(counter: Path) -> int | None:
    try:
        with counter.open("rb") as file:
            text = file.read(32).strip()
    except OSError:
        return None
    return int(text) if re.fullmatch(rb"[0-9]{1,18}", text) else None


def _delete(archive: Path) -> None:
    """Folders that nobody may write to are ours all the same."""
    archive.chmod(stat.S_IRWXU)
    for entry in list(os.scandir(archive)):
        path = archive / entry.name
        if entry.is_dir(follow_symlinks=False):
            _delete(path)
        else:
            path.unlink()
    archive.rmdir()
