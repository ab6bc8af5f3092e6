"""Marks made once, a beat and a fence of one size."""

import errno
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from marianne_runner.marks import STARTED, AttemptFolder, NoHardLinksError, UnreadableMarkError, link_once


@pytest.fixture
def folder(tmp_path: Path) -> AttemptFolder:
    made = AttemptFolder(tmp_path / "job/s3/a12")
    made.prepare()
    return made


def test_one_of_many_makes_the_mark(folder: AttemptFolder) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda number: folder.link(STARTED, {"number": number}), range(64)))
    assert made.count(True) == 1
    assert folder.read(STARTED) == {"number": made.index(True)}
    assert sorted(file.name for file in folder.path.iterdir()) == ["beat", "fence", "started"]


def test_the_second_leaves_the_first_as_it_is(folder: AttemptFolder) -> None:
    assert folder.link(STARTED, {"first": True})
    assert not folder.link(STARTED, {"first": False})
    assert folder.read(STARTED) == {"first": True}


def test_a_link_whose_answer_was_lost_is_ours(folder: AttemptFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """NFS: the call is repeated after its reply was lost, and then the name exists."""
    link = os.link

    def twice(source: Path, target: Path) -> None:
        link(source, target)
        link(source, target)

    monkeypatch.setattr(os, "link", twice)
    assert folder.link(STARTED, {})


@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK])
def test_no_links(folder: AttemptFolder, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def link(source: Any, target: Any) -> None:
        raise OSError(number, os.strerror(number), str(source), None, str(target))

    monkeypatch.setattr(os, "link", link)
    with pytest.raises(NoHardLinksError) as raised:
        folder.link(STARTED, {})
    assert raised.value.filename == str(folder.path / STARTED)
    assert sorted(file.name for file in folder.path.iterdir()) == ["beat", "fence"]


def test_a_mark_is_whole_and_synced_before_it_has_its_name(
    folder: AttemptFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    fsync, link = os.fsync, os.link

    def logged_fsync(descriptor: int) -> None:
        calls.append(f"fsync {'folder' if os.path.isdir(f'/proc/self/fd/{descriptor}') else 'file'}")  # noqa: PTH112
        fsync(descriptor)

    def logged_link(source: Path, target: Path) -> None:
        calls.append("link")
        assert Path(source).read_bytes() == b"whole"
        link(source, target)

    monkeypatch.setattr(os, "fsync", logged_fsync)
    monkeypatch.setattr(os, "link", logged_link)
    assert link_once(folder.path / "mark", b"whole")
    assert calls == ["fsync file", "link", "fsync folder"]


def test_beats_differ_and_are_of_one_size(folder: AttemptFolder) -> None:
    seen = [folder.last_beat()]
    for _ in range(12):
        folder.beat()
        seen.append(folder.last_beat())
    assert len(set(seen)) == 13
    assert {len(beat) for beat in seen} == {64}


def test_a_beat_goes_on_where_another_left_off(folder: AttemptFolder) -> None:
    folder.beat()
    folder.beat()
    again = AttemptFolder(folder.path)
    before = again.last_beat()
    again.beat()
    assert again.last_beat() != before
    assert int(again.last_beat()) == 3


def test_a_fence_names_who_took_over(folder: AttemptFolder) -> None:
    assert folder.fenced_by == ""
    folder.fence("a-rather-long-pod-uid")
    folder.fence("short")
    assert folder.fenced_by == "short"


def test_preparing_again_keeps_what_is_there(folder: AttemptFolder) -> None:
    folder.beat()
    folder.fence("another")
    AttemptFolder(folder.path).prepare()
    assert (int(folder.last_beat()), folder.fenced_by) == (1, "another")


def test_closed_and_open(folder: AttemptFolder) -> None:
    folder.close()
    assert folder.path.stat().st_mode & 0o777 == 0o500
    folder.open()
    assert folder.path.stat().st_mode & 0o777 == 0o775


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b"3"])
def test_what_is_no_mark(folder: AttemptFolder, content: bytes) -> None:
    (folder.path / STARTED).write_bytes(content)
    with pytest.raises(UnreadableMarkError, match="started is no mark of ours"):
        folder.read(STARTED)


def test_a_full_disk_leaves_nothing_behind(folder: AttemptFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        folder.link(STARTED, {})
    assert sorted(file.name for file in folder.path.iterdir()) == ["beat", "fence"]
