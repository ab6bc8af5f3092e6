"""An instrument that says nothing for too long is taken for hung, where its score wants that."""

import pytest

from marianne_runner.silence import Silence
from tests.unit.runner.scene import Scene, compiled, rule

QUICK = {"idle_timeout_seconds": 0.6, "check_interval_seconds": 0.1}


@pytest.mark.parametrize(
    ("looks", "found"),
    [
        ([(29, True), (60, False), (129, False)], [False, False, True]),
        ([(29, True), (60, True), (119, False), (159, False)], [False, False, False, False]),
        ([(29, True), (60, True), (119, False), (160, False)], [False, False, False, True]),
        ([(99, False), (100, False)], [False, True]),
        ([(101, True)], [False]),
        # between two looks nothing is seen
        ([(95, False), (100, False)], [False, False]),
    ],
)
def test_silence_is_measured_from_the_last_word(looks: list[tuple[float, bool]], found: list[bool]) -> None:
    interval = 30 if looks[0][0] != 99 else 100
    silence = Silence(100, interval, 0)
    assert [silence.too_long(now, heard=heard) for now, heard in looks] == found


def test_one_that_falls_silent_is_stopped(scene: Scene) -> None:
    """By SIGTERM first, as for any other timeout, and its work is not looked at."""
    script = "trap 'echo bye; exit 0' TERM; echo begun; touch made; while :; do sleep 0.05; done"
    rules = [rule("file_exists", path="made"), rule("command_succeeds", command="touch {workspace}/checked")]
    pod = scene.pod("pod-1", compiled(scene.script(script), rules, stale_detection=QUICK))
    verdict = pod.run()
    assert (verdict["outcome"], verdict["reason"], verdict["exit_reason"]) == ("failed", "Timeout", "timeout")
    assert (verdict["error_code"], verdict["error_category"], verdict["wait_seconds"]) == ("E006", "timeout", 120.0)
    assert verdict["message"] == "stale execution: no output for 0.6 s"
    assert verdict["stderr_tail"].endswith("marianne-runner: stale execution: no output for 0.6 s\n")
    assert verdict["stdout_tail"] == "begun\nbye\n"
    assert "stale execution" in pod.log
    assert not (scene.workspace / "checked").exists()


@pytest.mark.parametrize("stream", ["&1", "&2"])
def test_one_that_speaks_now_and_then_works_on(scene: Scene, stream: str) -> None:
    script = scene.script(f"for i in 1 2 3 4 5; do sleep 0.25; echo . >{stream}; done")
    assert scene.pod("pod-1", compiled(script, stale_detection=QUICK)).run()["outcome"] == "completed"


def test_without_the_wish_silence_is_no_fault(scene: Scene) -> None:
    assert scene.pod("pod-1", compiled(scene.script("sleep 1"))).run()["outcome"] == "completed"


def test_the_time_as_a_whole_is_still_limited(scene: Scene) -> None:
    script = scene.script("while :; do echo .; sleep 0.05; done")
    verdict = scene.pod("pod-1", compiled(script, stale_detection=QUICK), timeout_seconds=1).run()
    assert (verdict["reason"], verdict["error_code"]) == ("Timeout", "E001")
