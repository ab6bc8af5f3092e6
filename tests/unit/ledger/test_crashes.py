"""kill -9 before and after every file that the runner makes: the instrument starts at most once, nothing is lost."""

import itertools
from collections.abc import Iterator

import pytest

from marianne_runner.contract import CompiledScore
from tests.unit.runner.scene import Scene, compiled, rule

FILES = ["job.json", "prompt", "started", "stdout", "stderr", "performed", "verdict"]
MOMENTS = list(itertools.product(["before", "after"], FILES))
MADE = [rule("file_exists", path="{workspace}/made")]


@pytest.fixture
def scene() -> Iterator[Scene]:
    """Of a job with a key, as every job that begins now."""
    made = Scene(key="0123456789abcdef" * 2)
    yield made
    made.close()


def score(scene: Scene) -> CompiledScore:
    return compiled(scene.script("touch made; echo said"), MADE)


@pytest.mark.parametrize(("when", "file"), MOMENTS)
def test_the_same_attempt_again(scene: Scene, when: str, file: str) -> None:
    """Its Pod was deleted while the operator was down: the same name is created again (table L2, first row)."""
    assert scene.pod("pod-1", score(scene)).start(die=[when, file]).wait() == -9
    started = scene.starts
    again = scene.pod("pod-2", score(scene), ran=True, ended=["pod-1"]).run()
    assert scene.starts == started, "nothing runs a second time"
    judged = "completed" if _made(when, file) > FILES.index("performed") else "lost"
    assert again["outcome"] == judged
    third = scene.pod("pod-3", score(scene), ran=True, ended=["pod-1", "pod-2"]).run()
    assert {**third, "pod_uid": "", "performed_by": ""} == {**again, "pod_uid": "", "performed_by": ""}


@pytest.mark.parametrize(("when", "file"), MOMENTS)
def test_the_next_attempt(scene: Scene, when: str, file: str) -> None:
    """The operator saw its Pod end without a verdict and goes on."""
    scene.pod("pod-1", score(scene)).start(die=[when, file]).wait()
    predecessor = {"attempt": 1, "ran": True, "ended": "pod-1"}
    verdict = scene.pod("pod-2", score(scene), 2, predecessor=predecessor).run()
    assert (verdict["outcome"], verdict["attempt"]) == ("completed", 2)
    done = _made(when, file) > FILES.index("performed")
    began = _made(when, file) > FILES.index("stdout") or (when, file) == ("before", "stdout")
    assert scene.starts == (["1"] if done else ["1", "2"] if began else ["2"])
    assert (scene.attempt(2) / "stdout").read_text() == "said\n"


@pytest.mark.parametrize(("when", "file"), [("before", "verdict"), ("after", "verdict"), ("after", "started")])
def test_whoever_concludes_may_die_as_well(scene: Scene, when: str, file: str) -> None:
    """A judge, a closer and a heir are killed at their marks; the one after them still ends it, and pays nothing."""
    scene.pod("pod-1", score(scene)).start(die=["after", "performed"]).wait()
    scene.pod("pod-2", score(scene), ran=True, ended=["pod-1"]).start(die=[when, file]).wait()
    ended = ["pod-1", "pod-2"]
    verdict = scene.pod("pod-3", score(scene), ran=True, ended=ended).run()
    assert (verdict["outcome"], verdict["performed_by"]) == ("completed", "pod-1")
    assert scene.starts == ["1"]


@pytest.mark.parametrize("times", [1, 2, 3])
def test_an_heir_that_dies_again_and_again(scene: Scene, times: int) -> None:
    """Attempt 2 takes over what attempt 1 performed, and is killed at each of its marks in turn."""
    scene.pod("pod-1", score(scene)).start(die=["after", "performed"]).wait()
    predecessor = {"attempt": 1, "ran": True, "ended": "pod-1"}
    deaths = [["before", "verdict"], ["after", "verdict"], ["after", "stdout"]][:times]
    for number, death in enumerate(deaths):
        pod = scene.pod(f"heir-{number}", score(scene), 2, predecessor=predecessor)
        assert pod.start(die=death).wait() == -9
    verdict = scene.pod("pod-9", score(scene), 2, predecessor=predecessor).run()
    assert (verdict["outcome"], verdict["performed_by"]) == ("completed", "pod-1")
    assert scene.starts == ["1"]


@pytest.mark.parametrize("erased", ["started", "performed", "verdict"])
def test_an_erased_mark_costs_at_most_the_attempt(scene: Scene, erased: str) -> None:
    scene.pod("pod-1", score(scene)).run()
    (scene.attempt(1) / erased).unlink()
    again = scene.pod("pod-2", score(scene), ran=True, ended=["pod-1"]).run()
    assert again["outcome"] == "completed"  # two marks of three still tell
    assert scene.starts == ["1"]


@pytest.mark.parametrize(
    ("left", "outcome"), [("started", "lost"), ("performed", "completed"), ("verdict", "completed"), ("", "lost")]
)
def test_one_mark_that_is_left_is_enough(scene: Scene, left: str, outcome: str) -> None:
    scene.pod("pod-1", score(scene)).run()
    for mark in {"started", "performed", "verdict"} - {left}:
        (scene.attempt(1) / mark).unlink()
    again = scene.pod("pod-2", score(scene), ran=True, ended=["pod-1"]).run()
    assert again["outcome"] == outcome
    assert scene.starts == ["1"]


def _made(when: str, file: str) -> int:
    """How many files were there when the end came."""
    return FILES.index(file) + (1 if when == "after" else 0)
