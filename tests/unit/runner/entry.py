"""The real runner as a process, in short time and as the user it has in a Pod; on demand it dies at a mark.

`python -m tests.unit.runner.entry '{"timing": [...], "user": 65532, "die": ["after", "started"]}'`. The runner itself
knows nothing of this: what dies is the function that makes marks, replaced here.
"""

import ctypes
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import jinja2  # noqa: F401  (another user may not be able to read where it is)

from marianne_runner import marks
from marianne_runner.__main__ import main
from marianne_runner.room import Room
from marianne_runner.timing import Timing

PR_SET_DUMPABLE = 4


def become(user: int) -> None:
    """As in a Pod; and readable through /proc until the runner sees to that itself."""
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)


def die_at(when: str, mark: str) -> None:
    """kill -9 just before or just after that mark is made."""
    made = marks.link_once

    def link_once(path: Path, content: bytes) -> bool:
        if path.name != mark:
            return made(path, content)
        result = made(path, content) if when == "after" else False
        os.kill(os.getpid(), signal.SIGKILL)
        return result

    marks.link_once = link_once


def die_moving(count: int) -> None:
    """kill -9 once so many files have been moved."""
    move, moved = os.rename, []

    def rename(source: Any, target: Any, **options: Any) -> None:
        if len(moved) == count:
            os.kill(os.getpid(), signal.SIGKILL)
        move(source, target, **options)
        moved.append(source)

    os.rename = rename


def lose_to_a_rival() -> None:
    """Another Pod links `started` in the very moment before we do."""
    made = marks.link_once

    def link_once(path: Path, content: bytes) -> bool:
        if path.name == marks.STARTED:
            made(path, json.dumps({**json.loads(content), "pod_uid": "rival"}).encode())
        return made(path, content)

    marks.link_once = link_once


def meet_a_rival_at_work() -> None:
    """Another Pod has linked `started` and closed the folder in the very moment before we take our room."""
    taken = Room.take

    def take(room: Room, *given: Any) -> None:
        folder = marks.AttemptFolder(room._path.parent)
        folder.link(marks.STARTED, {"pod_uid": "rival", "run": 1, "digest": "inputs"})
        folder.close()
        taken(room, *given)

    Room.take = take  # type: ignore[assignment]


def without_links() -> None:
    """A file system like FAT."""

    def link(source: Any, target: Any, **options: Any) -> None:
        raise OSError(1, "Operation not permitted", str(source), None, str(target))

    os.link = link


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    if given.get("user") and os.getuid() == 0:
        become(given["user"])
    if "die" in given:
        die_at(*given["die"])
    if "moves" in given:
        die_moving(given["moves"])
    if given.get("rival"):
        lose_to_a_rival()
    if given.get("rival_at_work"):
        meet_a_rival_at_work()
    if given.get("no_links"):
        without_links()
    sys.exit(main(Timing(*given["timing"])))
