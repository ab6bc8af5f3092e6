"""What of a workspace is moved into an archive, under which name, and which archives stay."""

import os
from pathlib import Path
from typing import Any

import pytest

from marianne_runner.archive import removal, remove, thin_out
from marianne_runner.contract import Archive

NOW = 1_800_000_000.0
STAMP = "20270115T080000Z"
USUAL = [".iteration", ".marianne-*", ".coverage", "archive/**", ".worktrees/**"]


def asked(**changes: Any) -> Archive:
    return Archive(folder="archive", naming="iteration", keep=0, preserve=USUAL) | changes  # type: ignore[return-value]


def laid_out(root: Path, *paths: str) -> Path:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(path)
    return root


def left(root: Path) -> list[str]:
    return sorted(str(each.relative_to(root)) for each in root.rglob("*") if not each.is_dir())


@pytest.mark.parametrize(
    ("preserve", "moved"),
    [
        (USUAL, ["a", "b"]),
        ([], [".coverage", ".iteration", ".marianne-x", "a", "b"]),
        (["b/**"], [".coverage", ".iteration", ".marianne-x", "a"]),
        (["b"], [".coverage", ".iteration", ".marianne-x", "a"]),
        (["b/", ".*"], ["a"]),
        ([".*", "b/c/*.md"], ["a", "b/c/e.txt", "b/f"]),
        ([".*", "b/*/*"], ["a", "b/f"]),
        ([".*", "**/*.md"], ["a", "b/c/e.txt", "b/f"]),
        ([".*", "*.md"], ["a", "b"]),
        ([".*", "b/**/g"], ["a", "b"]),
        ([".*", "b/**/f"], ["a", "b/c"]),
        (["*"], []),
    ],
)
def test_what_is_moved(tmp_path: Path, preserve: list[str], moved: list[str]) -> None:
    """As high up as nothing below is to stay; a pattern without a slash is of the root alone."""
    files = [".coverage", ".iteration", ".marianne-x", ".marianne/ledger", "lost+found/x", "archive/iteration-1/old"]
    laid_out(tmp_path, *files, "a", "b/c/d.md", "b/c/e.txt", "b/f")
    what = removal(tmp_path, asked(preserve=preserve), NOW)
    assert what["entries"] == moved
    before = left(tmp_path)
    remove(tmp_path, what)
    into = what["into"]
    gone = [each for each in before if any(each == entry or each.startswith(f"{entry}/") for entry in moved)]
    assert left(tmp_path) == sorted([*(set(before) - set(gone)), *(f"{into}/{each}" for each in gone)])


def test_a_workspace_with_nothing_to_move_gets_no_archive(tmp_path: Path) -> None:
    laid_out(tmp_path, ".iteration")
    remove(tmp_path, removal(tmp_path, asked(), NOW))
    assert left(tmp_path) == [".iteration"]
    assert not (tmp_path / "archive").exists()


@pytest.mark.parametrize(
    ("counter", "naming", "there", "name"),
    [
        ("7\n", "iteration", [], "iteration-7"),
        ("7", "iteration", ["iteration-7"], "iteration-7-2"),
        ("7", "iteration", ["iteration-7", "iteration-7-2"], "iteration-7-3"),
        (None, "iteration", [], STAMP),
        ("", "iteration", [], STAMP),
        ("../../x", "iteration", [], STAMP),
        ("é", "iteration", [], STAMP),
        ("7", "timestamp", [], STAMP),
        ("7", "timestamp", [STAMP], f"{STAMP}-2"),
    ],
)
def test_names(tmp_path: Path, counter: str | None, naming: Any, there: list[str], name: str) -> None:
    if counter is not None:
        (tmp_path / ".iteration").write_text(counter)
    for each in there:
        laid_out(tmp_path, f"old/archives/{each}/x")
    what = removal(tmp_path, asked(naming=naming, folder="old/archives"), NOW)
    assert what == {"into": f"old/archives/{name}", "entries": []}


def test_the_archives_stay_whatever_the_patterns_say(tmp_path: Path) -> None:
    laid_out(tmp_path, "old/archives/1/x", "old/y", "z")
    what = removal(tmp_path, asked(folder="old/archives", preserve=[]), NOW)
    assert what["entries"] == ["old/y", "z"]


def test_links_are_moved_and_never_followed(tmp_path: Path) -> None:
    workspace, elsewhere = tmp_path / "workspace", laid_out(tmp_path / "elsewhere", "x")
    workspace.mkdir()
    (workspace / "dangling").symlink_to("nowhere")
    (workspace / "link").symlink_to(elsewhere)
    what = removal(workspace, asked(preserve=["link/x"]), NOW)
    remove(workspace, what)
    assert what["entries"] == ["dangling", "link"]
    assert left(elsewhere) == ["x"]
    assert (workspace / what["into"] / "dangling").is_symlink()


def test_what_came_later_is_not_moved_over_what_was_moved(tmp_path: Path) -> None:
    laid_out(tmp_path, "a", "b")
    what = removal(tmp_path, asked(), NOW)
    remove(tmp_path, what)
    (tmp_path / "a").write_text("new")
    remove(tmp_path, what)
    assert (tmp_path / "a").read_text() == "new"
    assert (tmp_path / what["into"] / "a").read_text() == "a"


@pytest.mark.parametrize(("keep", "stay"), [(0, 4), (2, 2), (9, 4)])
def test_how_many_archives_stay(tmp_path: Path, keep: int, stay: int) -> None:
    """The newest by their time, whatever they are called; what was not made here is not counted and stays."""
    made = ["iteration-2", STAMP, "iteration-10", "iteration-10-2"]
    for when, name in enumerate(made):
        laid_out(tmp_path, f"archive/{name}/x/y")
        os.utime(tmp_path / "archive" / name, (when, when))
    laid_out(tmp_path, "archive/notes/x", "archive/iteration-1")
    (tmp_path / "archive/iteration-3").symlink_to("notes")
    thin_out(tmp_path, asked(keep=keep))
    found = {each.name for each in (tmp_path / "archive").iterdir()}
    assert found == {"notes", "iteration-1", "iteration-3", *made[len(made) - stay :]}


def test_an_archive_goes_with_folders_that_nobody_may_write_to_and_takes_nothing_beside_it(tmp_path: Path) -> None:
    laid_out(tmp_path, "archive/iteration-1/locked/deep/x", "archive/iteration-2/y", "beside/z")
    (tmp_path / "archive/iteration-1/locked/link").symlink_to(tmp_path / "beside")
    os.utime(tmp_path / "archive/iteration-1", (1, 1))
    (tmp_path / "beside").chmod(0o755)
    (tmp_path / "archive/iteration-1/locked/deep").chmod(0o000)
    (tmp_path / "archive/iteration-1/locked").chmod(0o500)
    thin_out(tmp_path, asked(keep=1))
    assert left(tmp_path) == ["archive/iteration-2/y", "beside/z"]
    assert (tmp_path / "beside").stat().st_mode & 0o777 == 0o755
