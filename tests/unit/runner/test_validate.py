"""`mode: validate`: the rules are held against the workspace as it is, and no instrument is started."""

from typing import Any

from marianne_runner.contract import CompiledScore, Verdict
from tests.unit.runner.scene import Scene, compiled, rule

MADE = [rule("file_exists", path="{workspace}/made")]


def score(scene: Scene, **fields: Any) -> CompiledScore:
    return compiled(scene.script("echo said; exit 3"), fields.pop("rules", MADE), **fields)


def first(scene: Scene, **fields: Any) -> None:
    told = scene.pod("pod-1", score(scene, **fields)).run()
    assert (told["outcome"], scene.starts) == ("failed", ["1"])


def again(scene: Scene, attempt: int = 2, **fields: Any) -> Verdict:
    told = scene.pod(
        "pod-2", score(scene, **fields), attempt, mode="validate", run=2, predecessor={"attempt": 1, "ran": True}
    ).run()
    assert scene.starts == ["1"], "no instrument is started"
    return told


def test_what_passes_now_is_completed(scene: Scene) -> None:
    first(scene)
    (scene.workspace / "made").touch()
    told = again(scene)
    assert (told["outcome"], told["passed_rules"]) == ("completed", ["{workspace}/made"])
    assert "exit_code" not in told


def test_what_still_does_not_pass_says_what(scene: Scene) -> None:
    first(scene)
    told = again(scene)
    assert (told["outcome"], told["reason"]) == ("failed", "ValidationFailed")


def test_later_sheets_hear_what_was_said_when_it_was_performed(scene: Scene) -> None:
    first(scene)
    (scene.workspace / "made").touch()
    again(scene, attempt=3)
    assert (scene.attempt(3) / "stdout").read_bytes() == b"said\n"


def test_a_modified_file_is_one_that_the_last_performance_modified(scene: Scene) -> None:
    (scene.workspace / "made").touch()
    rules = [rule("file_modified", path="{workspace}/made")]
    first(scene, rules=rules)
    (scene.workspace / "made").write_text("by hand")
    assert again(scene, rules=rules)["outcome"] == "completed"


def test_its_skip_command_is_not_asked(scene: Scene) -> None:
    first(scene)
    skip = {"1": {"command": "true", "timeout_seconds": 5.0}}
    assert again(scene, skip_when_command=skip)["outcome"] == "failed"
