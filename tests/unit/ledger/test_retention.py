"""Files that are kept for people are bounded, in size and number; marks and what others need are not touched."""

import json
from pathlib import Path

import pytest

from marianne_runner import evidence
from marianne_runner.marks import AttemptFolder
from tests.unit.runner.scene import Scene, compiled

FILES = ("prompt", "stdout", "stderr")


def attempt(sheet: Path, number: int, size: int = 10, outcome: str = "failed") -> AttemptFolder:
    folder = AttemptFolder(sheet / f"a{number}")
    folder.prepare()
    for name in FILES:
        (folder.path / name).write_bytes(b"x" * size)
    folder.link("started", {})
    folder.link("verdict", {"outcome": outcome})
    folder.close()
    return folder


def kept(sheet: Path) -> dict[int, set[str]]:
    return {int(path.name[1:]): {each.name for each in path.iterdir()} & set(FILES) for path in sheet.glob("a[0-9]*")}


def test_the_newest_ten_attempts_keep_them(tmp_path: Path) -> None:
    for number in range(1, 15):
        attempt(tmp_path, number)
    evidence.prune(tmp_path, 15)
    assert {number for number, files in kept(tmp_path).items() if files} == set(range(6, 15))
    assert all(files in (set(), set(FILES)) for files in kept(tmp_path).values())


def test_together_they_have_a_size(tmp_path: Path) -> None:
    for number in range(1, 5):
        attempt(tmp_path, number, size=evidence.BYTES // 8)
    evidence.prune(tmp_path, 5)
    assert {number for number, files in kept(tmp_path).items() if files} == {3, 4}


def test_the_newest_is_kept_however_large(tmp_path: Path) -> None:
    attempt(tmp_path, 1, size=evidence.BYTES)
    evidence.prune(tmp_path, 2)
    assert kept(tmp_path) == {1: set(FILES)}


def test_marks_stay_and_folders_are_closed_again(tmp_path: Path) -> None:
    for number in range(1, 12):
        attempt(tmp_path, number)
    evidence.prune(tmp_path, 12)
    first = tmp_path / "a1"
    assert sorted(each.name for each in first.iterdir()) == ["beat", "fence", "started", "verdict"]
    assert first.stat().st_mode & 0o777 == 0o500


def test_what_was_handed_on_stays(tmp_path: Path) -> None:
    """Of the latest attempt that completed the sheet: a sheet that comes after it may need it."""
    for number in range(1, 14):
        attempt(tmp_path, number, outcome="completed" if number in (1, 2) else "failed")
    evidence.prune(tmp_path, 14)
    assert (kept(tmp_path)[1], kept(tmp_path)[2], kept(tmp_path)[3]) == (set(), {"stdout"}, set())


def test_what_a_killed_pod_left_half_done_goes(tmp_path: Path) -> None:
    folder = attempt(tmp_path, 1).path
    folder.chmod(0o700)
    (folder / ".room.0123").write_bytes(b"")
    (folder / ".verdict.4567").write_bytes(b"{")
    evidence.prune(tmp_path, 2)
    assert not list(folder.glob(".*"))
    assert kept(tmp_path) == {1: set(FILES)}


def test_later_attempts_and_broken_marks_are_no_fault(tmp_path: Path) -> None:
    for number in (1, *range(3, 15)):
        attempt(tmp_path, number)
    (tmp_path / "a1").chmod(0o700)
    (tmp_path / "a1" / "verdict").write_text("[")
    (tmp_path / "anything").mkdir()
    evidence.prune(tmp_path, 3)
    assert all(kept(tmp_path)[number] for number in (1, *range(3, 15)))
    evidence.prune(tmp_path, 15)
    assert not kept(tmp_path)[1]


@pytest.mark.parametrize(("length", "size"), [(10, 10), (evidence.PROMPT_BYTES + 1, evidence.PROMPT_BYTES + 17)])
def test_a_prompt_is_redacted_and_cut(length: int, size: int) -> None:
    assert len(evidence.of_prompt("x" * length)) == size
    assert b"aaaa" not in evidence.of_prompt("sk-ant-api03-" + "a" * 40)


def test_a_score_that_wants_to_keep_all_keeps_a_megabyte(scene: Scene) -> None:
    script = scene.script("head -c 3000000 /dev/zero | tr '\\0' x")
    verdict = scene.pod("pod-1", compiled(script, max_output_capture_bytes=1 << 30)).run()
    assert verdict["output_truncated"]
    assert (scene.attempt(1) / "stdout").stat().st_size == 1 << 20


def test_an_attempt_prunes_what_was_before_it(scene: Scene) -> None:
    scene.pod("pod-1", compiled(scene.script("echo one; exit 1"))).run()
    room = scene.attempt(1) / ".room.0123"
    scene.attempt(1).chmod(0o777)
    room.touch()
    told = {"attempt": 1, "ran": True, "ended": "pod-1"}
    assert scene.pod("pod-2", compiled(scene.script()), 2, predecessor=told).run()["outcome"] == "completed"
    assert not room.exists()
    assert (scene.attempt(1) / "stdout").read_text() == "one\n"
    assert json.loads((scene.attempt(1) / "verdict").read_text())["outcome"] == "failed"
