"""`skip_when_command`: a command that succeeds skips its sheet, once."""

from typing import Any

import pytest

from marianne_runner.contract import CompiledScore
from tests.unit.runner.scene import Scene, compiled


def _score(scene: Scene, command: str, **fields: Any) -> CompiledScore:
    asked = {"command": command, "timeout_seconds": 10.0, **fields}
    return compiled(scene.script("exit 1"), skip_when_command={"1": asked})


def test_success_skips_the_sheet(scene: Scene) -> None:
    (scene.workspace / "done").touch()
    pod = scene.pod("pod-1", _score(scene, "test -f {workspace}/done && test -f done"))
    verdict = pod.run()
    assert (verdict["outcome"], verdict["reason"], pod.wait()) == ("skipped", "", 0)
    assert verdict["message"] == "Command succeeded: test -f {workspace}/done && test -f done"
    assert scene.starts == []
    assert scene.mark(1, "verdict")["outcome"] == "skipped"


def test_the_description_is_the_reason(scene: Scene) -> None:
    assert scene.pod("pod-1", _score(scene, "true", description="nothing to do")).run()["message"] == "nothing to do"


@pytest.mark.parametrize("command", ["false", "exit 7", "sleep 30", "kill -9 $$", "no-such-program", "test -f {other}"])
def test_anything_else_runs_it(scene: Scene, command: str) -> None:
    scene.pod("pod-1", _score(scene, command, timeout_seconds=0.5)).run()
    assert scene.starts == ["1"]


def test_it_is_asked_once_in_a_run(scene: Scene) -> None:
    """What a failed attempt left in the workspace must not make the sheet look done."""
    score = compiled(scene.script("touch done; exit 1"))
    score["skip_when_command"] = {"1": {"command": "test -f done", "timeout_seconds": 10.0}}
    assert scene.pod("pod-1", score).run()["outcome"] == "failed"
    assert scene.pod("pod-2", score, 2).run()["outcome"] == "failed"
    assert scene.starts == ["1", "2"]
    assert scene.pod("pod-3", score, 3, run=2).run()["outcome"] == "skipped", "but in the next run"


def test_another_sheet_s_command_is_not_asked(scene: Scene) -> None:
    score = compiled(scene.script())
    score["skip_when_command"] = {"2": {"command": "true", "timeout_seconds": 10.0}}
    assert scene.pod("pod-1", score).run()["outcome"] == "completed"


def test_it_does_not_see_the_model_s_credentials(scene: Scene) -> None:
    score = _score(scene, 'test -n "$SECRET_KEY"')
    scene.pod("pod-1", score, credentials=["SECRET_KEY"]).run(environment={"SECRET_KEY": "s"})
    assert scene.starts == ["1"]
