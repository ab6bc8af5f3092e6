"""A fresh run archives its workspace once, whoever is killed while doing it, and before any instrument starts."""

from pathlib import Path
from typing import Any

import pytest

from marianne_runner.contract import CompiledScore
from tests.unit.runner.scene import JOB_UID, QUICK, Scene, compiled, wait_until

OLD = ["a", "b", "c"]
INTO = "archive/iteration-4"


def score(scene: Scene, then: str = "ls > seen; touch a") -> CompiledScore:
    asked = {"folder": "archive", "naming": "iteration", "keep": 0, "preserve": [".iteration"]}
    return compiled(scene.script(then), archive=asked)


def lay_out(scene: Scene) -> None:
    for name in OLD:
        (scene.workspace / name).write_text("old")
        (scene.workspace / name).chmod(0o666)
    (scene.workspace / ".iteration").write_text("4")


def archived(scene: Scene) -> list[str]:
    return sorted(each.name for each in (scene.workspace / INTO).iterdir())


def fresh(scene: Scene, uid: str, number: int = 1, **brief: Any) -> Any:
    return scene.pod(uid, score(scene), number, fresh=True, **brief)


def test_before_the_instrument_and_once_for_each_run(scene: Scene) -> None:
    lay_out(scene)
    pod = fresh(scene, "pod-1")
    assert pod.run()["outcome"] == "completed"
    assert archived(scene) == OLD
    assert (scene.workspace / "seen").read_text().split() == ["archive", "seen"]
    assert f"3 entries of the workspace are now in {INTO}" in pod.log
    assert fresh(scene, "pod-2", 2).run()["outcome"] == "completed"
    assert (scene.workspace / "seen").read_text().split() == ["a", "archive", "seen"], "what this run made stays"


@pytest.mark.parametrize("brief", [{}, {"fresh": False}])
def test_only_where_the_run_is_fresh(scene: Scene, brief: dict[str, Any]) -> None:
    lay_out(scene)
    scene.pod("pod-1", score(scene), **brief).run()
    assert not (scene.workspace / "archive").exists()


def test_only_where_the_score_asks_for_it(scene: Scene) -> None:
    lay_out(scene)
    scene.pod("pod-1", compiled(scene.script()), fresh=True).run()
    assert not (scene.workspace / "archive").exists()


@pytest.mark.parametrize("moved", [0, 1, 2])
def test_half_done_it_is_finished_by_the_next(scene: Scene, moved: int) -> None:
    lay_out(scene)
    assert fresh(scene, "pod-1").start(moves=moved).wait() == -9
    assert not scene.starts
    (scene.workspace / "d").touch()  # came in between, and was never to be moved
    predecessor = {"attempt": 1, "ran": True, "ended": "pod-1"}
    assert fresh(scene, "pod-2", 2, predecessor=predecessor).run()["outcome"] == "completed"
    assert archived(scene) == OLD
    assert (scene.workspace / "seen").read_text().split() == ["archive", "d", "seen"]


@pytest.mark.parametrize(("when", "mark"), [("after", "started"), ("before", "planned"), ("after", "planned")])
def test_killed_at_its_marks(scene: Scene, when: str, mark: str) -> None:
    lay_out(scene)
    assert fresh(scene, "pod-1").start(die=[when, mark]).wait() == -9
    predecessor = {"attempt": 1, "ran": True, "ended": "pod-1"}
    assert fresh(scene, "pod-2", 2, predecessor=predecessor).run()["outcome"] == "completed"
    assert archived(scene) == OLD
    assert scene.starts == ["2"]


def test_another_sheet_takes_over_from_a_pod_that_is_gone_unseen(scene: Scene) -> None:
    """Of another sheet's Pod it knows nothing: it waits until that one is still, fences it, and goes on."""
    lay_out(scene)
    assert fresh(scene, "pod-1").start(moves=1).wait() == -9
    verdict = fresh(scene, "pod-2").run()
    assert verdict["outcome"] == "completed"
    assert archived(scene) == OLD


def test_no_instrument_starts_while_another_pod_is_at_it(scene: Scene) -> None:
    lay_out(scene)
    folder = scene.ledger / JOB_UID / "afresh" / "r1"
    at_work(folder, "pod-0")
    pod = fresh(scene, "pod-1").start(timing=QUICK._replace(still=30.0))
    wait_until((scene.attempt(1) / "beat").exists, "the other Pod to come")
    assert not scene.starts
    (scene.workspace / "a").unlink()
    (folder / "verdict").write_text("{}")
    assert pod.wait() == 0
    assert scene.starts == ["1"]
    assert not (scene.workspace / "archive").exists(), "it was done, by the other"


def at_work(folder: Path, pod_uid: str) -> None:
    folder.mkdir(parents=True)
    for each in (folder.parent.parent, folder.parent, folder):
        each.chmod(0o777)
    (folder / "started").write_text(f'{{"pod_uid": "{pod_uid}"}}')


def test_what_cannot_be_moved_is_no_attempt(scene: Scene) -> None:
    """The job waits, and says which path; nothing is charged, and the instrument is not started."""
    lay_out(scene)
    (scene.workspace / "archive").write_text("no folder")
    verdict = fresh(scene, "pod-1").run()
    assert (verdict["outcome"], verdict["reason"]) == ("not_started", "WorkspaceUnusable")
    assert "archive" in verdict["message"]
    assert not scene.starts
