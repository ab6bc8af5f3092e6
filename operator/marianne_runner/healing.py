"""What can be mended in a workspace before another try: the author's rules say what should be where.

A remedy makes a folder that a rule needs, or moves a file whose name holds backslashes to the path that it means.
Nothing is ever removed or overwritten, and nothing outside the workspace is touched.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from marianne_runner.checks import Ground
from marianne_runner.contract import Rule
from marianne_runner.expansion import ExpansionError, expand_path

MOST, CHARACTERS = 8, 200


class Remedy(NamedTuple):
    """`told`: what is wrong, and then what was done about it."""

    wrong: str
    done: str
    apply: Callable[[], None]


def mendable(rules: Sequence[Rule], ground: Ground) -> list[str]:
    """What is wrong and could be mended; nothing is changed."""
    return [remedy.wrong[:CHARACTERS] for remedy in _remedies(rules, ground)]


def heal(rules: Sequence[Rule], ground: Ground) -> list[str]:
    """Mend it, and tell what was done; what cannot be done after all is told too."""
    told = []
    for remedy in _remedies(rules, ground):
        try:
            remedy.apply()
        except OSError as error:
            told.append(f"{remedy.wrong}, and it cannot be mended: {error.strerror or error}")
        else:
            told.append(remedy.done)
    return [each[:CHARACTERS] for each in told]


def _remedies(rules: Sequence[Rule], ground: Ground) -> list[Remedy]:
    """Folders first: a file is moved into one of them."""
    workspace = Path(os.path.realpath(ground.workspace))
    paths = list(dict.fromkeys(_paths(rules, ground, workspace)))
    wanted = [*(path.parent for path in paths), *_working_folders(rules, ground, workspace)]
    folders = [_missing(folder, workspace) for folder in dict.fromkeys(wanted) if _can_be_made(folder)]
    moves = [move for path in paths for move in _misnamed(path, workspace)]
    return [*folders, *moves][:MOST]


def _paths(rules: Sequence[Rule], ground: Ground, workspace: Path) -> Iterator[Path]:
    for rule in rules:
        yield from _inside(rule.get("path"), ground, workspace)


def _working_folders(rules: Sequence[Rule], ground: Ground, workspace: Path) -> Iterator[Path]:
    for rule in rules:
        yield from _inside(rule.get("working_directory"), ground, workspace)


def _inside(written: str | None, ground: Ground, workspace: Path) -> Iterator[Path]:
    """The path that is meant, if it lies in the workspace, wherever links lead."""
    if not written:
        return
    try:
        path = Path(os.path.realpath(expand_path(written, ground.context, ground.workspace)))
    except (ExpansionError, OSError, ValueError):
        return
    if path != workspace and path.is_relative_to(workspace):
        yield path


def _can_be_made(folder: Path) -> bool:
    """It is missing, and what is there of the way to it is a folder that can be written."""
    if os.path.lexists(folder):
        return False
    there = next(above for above in folder.parents if os.path.lexists(above))
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)


def _missing(folder: Path, workspace: Path) -> Remedy:
    name = folder.relative_to(workspace)
    return Remedy(f"folder {name} is missing", f"made folder {name}", lambda: _make(folder))


def _misnamed(path: Path, workspace: Path) -> Iterator[Remedy]:
    """A program that writes paths with backslashes made one name of the folder and the file that a rule looks for."""
    if os.path.lexists(path):
        return
    parts = path.relative_to(workspace).parts
    for depth in range(len(parts) - 1):
        found = workspace.joinpath(*parts[:depth]) / "\\".join(parts[depth:])
        if os.path.isfile(found) and not os.path.islink(found):  # noqa: PTH113, PTH114  (no error where it is hidden)
            wrong, right = found.relative_to(workspace), path.relative_to(workspace)
            yield Remedy(f"{wrong} should be {right}", f"moved {wrong} to {right}", lambda: _move(found, path))  # noqa: B023  (yielded once, and then left)
            return


def _make(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)


def _move(found: Path, path: Path) -> None:
    _make(path.parent)
    os.link(found, path)  # unlike a rename, it never takes another file's place
    found.unlink()
