"""Every row of table L1 with real runner processes over one claim; time is short."""

import signal

import pytest

from marianne_runner.contract import CompiledScore
from tests.unit.runner.scene import Scene, compiled, rule, wait_until

MADE = [rule("file_exists", path="{workspace}/made")]
GONE = {"attempt": 1, "ran": True, "ended": "pod-1"}


def slow(scene: Scene) -> CompiledScore:
    """Makes its file, then works on until it is killed."""
    return compiled(scene.script("touch made; sleep 1000"), MADE)


def quick(scene: Scene) -> CompiledScore:
    return compiled(scene.script("touch made"), MADE)


def die_after_performing(scene: Scene, uid: str = "pod-1") -> None:
    scene.pod(uid, quick(scene)).start(die=["after", "performed"]).wait()
    assert scene.starts == ["1"]


def die_while_performing(scene: Scene) -> None:
    pod = scene.pod("pod-1", slow(scene)).start()
    wait_until(lambda: scene.starts, "the instrument starts")
    pod.kill()


# ---- nothing on disk


def test_nothing_and_never_ran_is_performed(scene: Scene) -> None:
    pod = scene.pod("pod-1", quick(scene))
    assert pod.run()["outcome"] == "completed"
    assert pod.wait() == 0
    assert scene.mark(1, "started") == {"pod_uid": "pod-1", "run": 1, "digest": "inputs"}
    assert scene.starts == ["1"]


def test_nothing_but_ran_is_lost(scene: Scene) -> None:
    pod = scene.pod("pod-2", quick(scene), ran=True)
    verdict = pod.run()
    assert (verdict["outcome"], verdict["reason"], pod.wait()) == ("lost", "LedgerMissing", 1)
    assert "closer" in scene.mark(1, "started")
    assert not scene.starts


def test_a_late_starter_finds_the_lost_attempt_closed(scene: Scene) -> None:
    scene.pod("pod-2", quick(scene), ran=True).run()
    assert scene.pod("pod-1", quick(scene)).run()["outcome"] == "lost"
    assert not scene.starts


def test_nothing_of_the_one_before_that_never_ran_is_closed(scene: Scene) -> None:
    verdict = scene.pod("pod-2", quick(scene), 2, predecessor={"attempt": 1, "ran": False}).run()
    assert verdict["outcome"] == "completed"
    assert scene.mark(1, "started") == {"closer": 2, "pod_uid": "pod-2"}
    late = scene.pod("pod-1", quick(scene)).run()
    assert (late["outcome"], late["reason"], late["head"]) == ("not_started", "LedgerOther", 2)
    assert scene.starts == ["2"]


def test_nothing_of_the_one_before_that_ran_is_lost(scene: Scene) -> None:
    assert scene.pod("pod-2", quick(scene), 2, predecessor=GONE).run()["outcome"] == "completed"
    assert scene.mark(1, "verdict")["reason"] == "LedgerMissing"
    assert scene.starts == ["2"]


# ---- started


def test_started_and_dead_is_lost(scene: Scene) -> None:
    die_while_performing(scene)
    verdict = scene.pod("pod-2", quick(scene), ran=True, ended=["pod-1"]).run()
    assert (verdict["outcome"], verdict["reason"], verdict["performed_by"]) == ("lost", "PodLost", "pod-1")
    assert scene.starts == ["1"]


def test_started_and_dead_before_the_next(scene: Scene) -> None:
    die_while_performing(scene)
    assert scene.pod("pod-2", quick(scene), 2, predecessor=GONE).run()["outcome"] == "completed"
    assert scene.mark(1, "verdict")["outcome"] == "lost"
    assert scene.starts == ["1", "2"]


def test_started_and_still_is_fenced_and_lost(scene: Scene) -> None:
    die_while_performing(scene)
    assert scene.pod("pod-2", quick(scene), ran=True).run()["outcome"] == "lost"
    assert (scene.attempt(1) / "fence").read_text().strip() == "pod-2"
    assert scene.starts == ["1"]


def test_started_and_beating_is_waited_for(scene: Scene) -> None:
    score = compiled(scene.script("while [ ! -e go ]; do sleep 0.05; done; touch made"), MADE)
    first = scene.pod("pod-1", score).start()
    wait_until(lambda: scene.starts, "the instrument starts")
    again = scene.pod("pod-2", score, ran=True).start()
    after = scene.pod("pod-3", quick(scene), 2, predecessor={"attempt": 1, "ran": True}).start()
    beat = (scene.attempt(1) / "beat").read_text()
    wait_until(lambda: int((scene.attempt(1) / "beat").read_text()) > int(beat or 0) + 30, "twice as long as still")
    assert not again.has_verdict
    assert not after.has_verdict
    (scene.workspace / "go").touch()
    assert [each.wait() for each in (first, again, after)] == [0, 0, 0]
    assert again.verdict["performed_by"] == "pod-1"
    assert scene.starts == ["1"]  # and the one after takes over what was completed


# ---- performed


@pytest.mark.parametrize("ended", [["pod-1"], []], ids=["dead", "still"])
def test_performed_is_judged_without_the_instrument(scene: Scene, ended: list[str]) -> None:
    die_after_performing(scene)
    verdict = scene.pod("pod-2", quick(scene), ran=True, ended=ended).run()
    assert (verdict["outcome"], verdict["pod_uid"], verdict["performed_by"]) == ("completed", "pod-2", "pod-1")
    assert verdict["exit_code"] == 0
    assert scene.starts == ["1"]


@pytest.mark.parametrize("ended", [{"ended": "pod-1"}, {}], ids=["dead", "still"])
def test_performed_is_judged_by_the_next_attempt(scene: Scene, ended: dict[str, str]) -> None:
    die_after_performing(scene)
    pod = scene.pod("pod-2", quick(scene), 2, predecessor={"attempt": 1, "ran": True, **ended})
    verdict = pod.run()
    assert (verdict["outcome"], verdict["attempt"], verdict["performed_by"]) == ("completed", 2, "pod-1")
    assert scene.mark(1, "verdict")["outcome"] == "completed"
    assert (scene.attempt(2) / "stdout").exists()
    assert scene.starts == ["1"]


def test_work_that_fails_its_judgement_is_the_next_attempts_failure(scene: Scene) -> None:
    scene.pod("pod-1", compiled(scene.script(), MADE)).start(die=["after", "performed"]).wait()
    verdict = scene.pod("pod-2", compiled(scene.script(), MADE), 2, predecessor=GONE).run()
    assert (verdict["outcome"], verdict["reason"], verdict["attempt"]) == ("failed", "ValidationFailed", 2)
    assert scene.starts == ["1"]


def test_a_judge_that_works_long_does_not_fence_itself(scene: Scene) -> None:
    rules = [rule("command_succeeds", command="sleep 0.6")]  # several beats
    scene.pod("pod-1", compiled(scene.script(), rules)).start(die=["after", "performed"]).wait()
    assert (
        scene.pod("pod-2", compiled(scene.script(), rules), ran=True, ended=["pod-1"]).run()["outcome"] == "completed"
    )


def test_a_living_judge_is_waited_for_although_the_performer_is_dead(scene: Scene) -> None:
    rules = [rule("command_succeeds", command=f"echo x >> {scene.base}/judged; sleep 1")]
    score = compiled(scene.script(), rules)
    scene.pod("pod-1", score).start(die=["after", "performed"]).wait()
    first = scene.pod("pod-2", score, ran=True, ended=["pod-1"]).start()
    wait_until((scene.base / "judged").exists, "the judge is at work")
    second = scene.pod("pod-3", score, ran=True, ended=["pod-1"]).run()
    assert first.wait() == 0
    assert (second["outcome"], second["performed_by"]) == ("completed", "pod-1")
    assert (scene.base / "judged").read_text() == "x\n"


# ---- verdict


def test_a_verdict_is_repeated(scene: Scene) -> None:
    first = scene.pod("pod-1", compiled(scene.script("exit 3"))).run()
    again = scene.pod("pod-2", compiled(scene.script("exit 3")), ran=True, ended=["pod-1"]).run()
    third = scene.pod("pod-3", compiled(scene.script("exit 3")), ran=True).run()
    assert (first["reason"], first["exit_code"]) == ("ExitCode", 3)
    assert again == {**first, "pod_uid": "pod-2", "performed_by": "pod-1"}
    assert third == {**first, "pod_uid": "pod-3", "performed_by": "pod-1"}
    assert scene.starts == ["1"]


def test_after_a_failure_the_next_goes_on(scene: Scene) -> None:
    scene.pod("pod-1", compiled(scene.script("exit 3"))).run()
    assert scene.pod("pod-2", quick(scene), 2, predecessor=GONE).run()["outcome"] == "completed"
    assert scene.starts == ["1", "2"]


def test_what_the_one_before_completed_is_not_paid_for_again(scene: Scene) -> None:
    """Its verdict never reached the operator: the message was unreadable, the node gone."""
    score = compiled(scene.script("touch made; echo hello"), MADE)
    scene.pod("pod-1", score).run()
    verdict = scene.pod("pod-2", score, 2, predecessor=GONE).run()
    assert (verdict["outcome"], verdict["attempt"], verdict["performed_by"]) == ("completed", 2, "pod-1")
    assert (scene.attempt(2) / "stdout").read_text() == "hello\n"
    assert scene.starts == ["1"]


@pytest.mark.parametrize("ran", [False, True])
def test_finished_work_is_seen_past_an_attempt_that_left_nothing(scene: Scene, ran: bool) -> None:
    scene.pod("pod-1", quick(scene)).run()
    evicted = {"attempt": 2, "ran": ran}
    verdict = scene.pod("pod-3", quick(scene), 3, predecessor=evicted).run()
    assert (verdict["outcome"], verdict["attempt"], verdict["performed_by"]) == ("completed", 3, "pod-1")
    assert scene.starts == ["1"]


def test_what_the_one_before_completed_for_another_run_is_done_again(scene: Scene) -> None:
    scene.pod("pod-1", quick(scene)).run()
    scene.pod("pod-2", quick(scene), 2, run=2, predecessor=GONE).run()
    assert scene.starts == ["1", "2"]


def test_what_the_one_before_performed_for_other_inputs_is_lost(scene: Scene) -> None:
    die_after_performing(scene)
    scene.pod("pod-2", quick(scene), 2, digest="others", predecessor=GONE).run()
    assert scene.mark(1, "verdict")["outcome"] == "lost"
    assert scene.starts == ["1", "2"]


# ---- other


@pytest.mark.parametrize("difference", [{"run": 2}, {"digest": "others"}])
def test_another_run_or_other_inputs(scene: Scene, difference: dict[str, object]) -> None:
    scene.pod("pod-1", quick(scene)).run()
    scene.pod("pod-2", quick(scene), 4, predecessor={"attempt": 3, "ran": False}).run()
    verdict = scene.pod("pod-3", quick(scene), ran=True, ended=["pod-1"], **difference).run()
    assert (verdict["outcome"], verdict["reason"], verdict["head"]) == ("not_started", "LedgerOther", 4)
    assert scene.starts == ["1", "4"]


def test_an_output_that_is_gone_stalls_the_sheet(scene: Scene) -> None:
    cross = {"auto_capture_stdout": True, "max_output_chars": 100, "capture_files": [], "lookback_sheets": 0}
    score = compiled(scene.script(), cross_sheet=cross)
    score["sheets"].append({**score["sheets"][0], "num": 2})
    verdict = scene.pod("pod-1", score, sheet=2, outputs={"1": 3}).run()
    assert (verdict["outcome"], verdict["reason"]) == ("not_started", "WorkspaceBehind")
    assert "sheet 1" in verdict["message"]
    assert not scene.starts


# ---- two at once, and one that slept


def test_two_pods_on_one_attempt_perform_once(scene: Scene) -> None:
    score = compiled(scene.script("sleep 0.3; touch made"), MADE)
    pods = [scene.pod(f"pod-{number}", score).start() for number in range(1, 5)]
    assert [pod.wait() for pod in pods] == [0, 0, 0, 0]
    winner = scene.mark(1, "started")["pod_uid"]
    assert all(pod.verdict.get("performed_by", pod.uid) == winner for pod in pods)
    assert scene.starts == ["1"]


def test_a_folder_that_the_first_has_closed_is_no_fault_of_the_claim(scene: Scene) -> None:
    verdict = scene.pod("pod-2", quick(scene), ended=["rival"]).run(rival_at_work=True)
    assert (verdict["outcome"], verdict["reason"]) == ("lost", "PodLost")
    assert verdict["performed_by"] == "rival"
    assert not scene.starts


def test_a_process_that_slept_wakes_up_fenced(scene: Scene) -> None:
    """It is stopped while its instrument works; another takes over; awake, it kills its own and writes nothing."""
    first = scene.pod("pod-1", slow(scene)).start()
    wait_until(lambda: scene.starts, "the instrument starts")
    first.signal(signal.SIGSTOP)
    assert scene.pod("pod-2", quick(scene), 2, predecessor={"attempt": 1, "ran": True}).run()["outcome"] == "completed"
    before = _content(scene)
    first.signal(signal.SIGCONT)
    assert first.wait() == 1
    assert not first.has_verdict
    assert _content(scene) == before
    assert scene.mark(1, "verdict")["outcome"] == "lost"
    assert scene.starts == ["1", "2"]


def test_a_process_that_slept_after_its_instrument_wakes_up_fenced(scene: Scene) -> None:
    """Its work was judged by another meanwhile."""
    rules = [rule("command_succeeds", command=f"echo $PPID >> {scene.base}/judge; sleep 3")]
    score = compiled(scene.script(), rules)
    first = scene.pod("pod-1", score).start()
    wait_until((scene.base / "judge").exists, "the first is at its checks")
    first.signal(signal.SIGSTOP)
    assert scene.pod("pod-2", score, ran=True).run()["pod_uid"] == "pod-2"
    first.signal(signal.SIGCONT)
    assert first.wait() == 1
    assert scene.mark(1, "verdict")["pod_uid"] == "pod-2"
    assert scene.starts == ["1"]


def _content(scene: Scene) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in scene.attempt(1).iterdir()}


def test_an_overwritten_mark_of_a_job_without_a_key_is_said_by_name(scene: Scene) -> None:
    scene.pod("pod-1", quick(scene)).run()
    (scene.attempt(1) / "verdict").write_text("{")
    again = scene.pod("pod-2", quick(scene), ran=True).run()
    assert (again["outcome"], again["reason"]) == ("failed", "RunnerFailed")
    assert "s1/a1/verdict is no mark of ours" in again["message"]
    assert scene.starts == ["1"]
