"""Words of a checkpoint in the prompt keep the instrument from being started, and cost nothing."""

from typing import Any

import pytest

from tests.unit.runner.scene import Scene, compiled

WORDS = {"name": "words", "confirm": True, "contains": ["drop table", "rm -rf"]}
OTHERS = {"name": "others", "confirm": True, "contains": ["echo"]}


def pod(scene: Scene, attempt: int = 1, then: str = "", **brief: Any) -> Any:
    score = compiled(scene.script(then), checkpoints=[WORDS, OTHERS])
    return scene.pod(f"pod-{attempt}", score, attempt, **brief)


@pytest.mark.parametrize(
    ("then", "asks", "found"),
    [
        ("true # DROP Table users", [0], [0]),
        ("true # {% if sheet_num == 1 %}Drop{% endif %} table", [0], [0]),  # as it is rendered, not as it is written
        ("true # drop table", [0, 1], [0, 1]),
        ("true", [0, 1], [1]),
    ],
)
def test_nothing_is_started(scene: Scene, then: str, asks: list[int], found: list[int]) -> None:
    said = pod(scene, then=then, asks=asks).run()
    assert (said["outcome"], said["reason"], said["checkpoints"]) == ("not_started", "ApprovalNeeded", found)
    assert scene.starts == []


@pytest.mark.parametrize(("then", "brief"), [("true", {"asks": [0]}), ("true # drop table", {})])
def test_it_is_started(scene: Scene, then: str, brief: dict[str, Any]) -> None:
    assert pod(scene, then=then, **brief).run()["outcome"] == "completed"
    assert scene.starts == ["1"]


def test_the_next_attempt_starts_it_once_it_is_approved(scene: Scene) -> None:
    assert pod(scene, then="true # drop table", asks=[0]).run()["outcome"] == "not_started"
    before = {"attempt": 1, "ran": True, "ended": "pod-1"}
    assert pod(scene, 2, then="true # drop table", predecessor=before).run()["outcome"] == "completed"
    assert scene.starts == ["2"]
