"""Agents that forge, change and remove what is in the ledger: as real processes, with all that their user may do."""

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from marianne_runner.contract import KEY_VARIABLE, CompiledScore, Verdict, is_signed_message
from tests.unit.runner.scene import JOB_UID, REPOSITORY, Scene, compiled, rule, wait_until

KEY = "c0ffee00" * 4
GONE = {"attempt": 1, "ran": True, "ended": "pod-1"}
CROSS = {"auto_capture_stdout": True, "max_output_chars": 1000, "capture_files": [], "lookback_sheets": 0}


@pytest.fixture
def scene() -> Iterator[Scene]:
    made = Scene(key=KEY)
    yield made
    made.close()


def good(uid: str = "pod-1", attempt: int = 1) -> str:
    """A verdict as an agent would like it."""
    told = {"protocol": 1, "pod_uid": uid, "run": 1, "sheet": 1, "attempt": attempt, "outcome": "completed"}
    told |= {"reason": "", "message": "", "passed_rules": [], "failed_rules": [], "digest": "inputs"}
    return json.dumps(told)


def write(scene: Scene, name: str, content: str, attempt: int = 1) -> str:
    """Shell that puts this file into the ledger, closed or not."""
    folder = scene.attempt(attempt)
    return f"mkdir -p {folder}; chmod 700 {folder}; rm -rf {folder}/{name}; printf %s '{content}' > {folder}/{name}; "


def forged(scene: Scene, attempt: int = 1) -> list[str]:
    """What was set aside, by the name of the mark that it stood for."""
    return sorted({each.name.split("-")[1] for each in scene.attempt(attempt).glob("forged-*")})


def tampered(verdict: Verdict) -> None:
    assert (verdict["outcome"], verdict["reason"]) == ("lost", "LedgerTampered")
    assert "something else than the runner made or removed marks" in verdict["message"]


# ---- its own attempt


@pytest.mark.parametrize("mark", ["started", "performed", "verdict", "stdout", "stderr"])
def test_a_mark_that_the_agent_made_is_set_aside_and_the_attempt_is_lost(scene: Scene, mark: str) -> None:
    pod = scene.pod("pod-1", compiled(scene.script(write(scene, mark, good()) + "exit 3")))
    verdict = pod.run()
    tampered(verdict)
    assert forged(scene) == [mark]
    (kept,) = scene.attempt(1).glob("forged-*")
    assert kept.read_text() == good(), "the evidence is as it was"
    assert verdict["exit_code"] == 3, "what is known of the performance is told"
    assert scene.mark(1, "verdict")["reason"] == "LedgerTampered"
    again = scene.pod("pod-2", compiled(scene.script()), ran=True, ended=["pod-1"]).run()
    assert (again["outcome"], again["reason"], scene.starts) == ("lost", "LedgerTampered", ["1"])


def test_it_burns_the_attempt_and_the_next_one_performs(scene: Scene) -> None:
    scene.pod("pod-1", compiled(scene.script(write(scene, "verdict", good())))).run()
    following = scene.pod("pod-2", compiled(scene.script()), 2, predecessor=GONE).run()
    assert (following["outcome"], scene.starts) == ("completed", ["1", "2"])


@pytest.mark.parametrize("mark", ["started", "performed", "verdict"])
def test_forged_and_then_killed(scene: Scene, mark: str) -> None:
    """It forges, then has its Pod killed, so that the runner can say nothing; the Pod is made again."""
    content = good() if mark == "verdict" else json.dumps({"pod_uid": "pod-1", "run": 1, "digest": "inputs"})
    script = scene.script(write(scene, mark, content) + "touch forged; sleep 1000")
    first = scene.pod("pod-1", compiled(script)).start()
    wait_until((scene.workspace / "forged").exists, "it has forged")
    first.kill()
    tampered(scene.pod("pod-2", compiled(script), ran=True, ended=["pod-1"]).run())
    assert (forged(scene), scene.starts) == ([mark], ["1"])


@pytest.mark.parametrize("mark", ["started", "performed", "verdict"])
def test_the_next_attempt_says_what_the_one_before_it_did(scene: Scene, mark: str) -> None:
    """The operator saw a Pod without a verdict, and charged nobody: whoever finds out does. Nothing runs meanwhile."""
    content = good() if mark == "verdict" else json.dumps({"pod_uid": "pod-1", "run": 1, "digest": "inputs"})
    script = scene.script(write(scene, mark, content) + "touch forged; sleep 1000")
    first = scene.pod("pod-1", compiled(script)).start()
    wait_until((scene.workspace / "forged").exists, "it has forged")
    first.kill()
    second = scene.pod("pod-2", compiled(script), 2, predecessor=GONE).run()
    tampered(second)
    assert "attempt 1" in second["message"]
    assert scene.starts == ["1"]
    before = {"attempt": 2, "ran": True, "ended": "pod-2"}
    third = scene.pod("pod-3", compiled(scene.script()), 3, predecessor=before).run()
    assert (third["outcome"], scene.starts) == ("completed", ["1", "3"])


def test_nobody_starts_beside_a_worker_whose_mark_was_forged(scene: Scene) -> None:
    """Its own `started` is gone, another stands there: it still beats, so another Pod waits for it."""
    script = scene.script(write(scene, "started", "{}") + "touch forged; while [ ! -e go ]; do sleep 0.02; done")
    first = scene.pod("pod-1", compiled(script)).start()
    wait_until((scene.workspace / "forged").exists, "it has forged")
    second = scene.pod("pod-2", compiled(script)).start()
    wait_until(lambda: forged(scene) == ["started"], "it has been seen")
    assert not second.has_verdict
    (scene.workspace / "go").touch()
    first.wait()
    second.wait()
    tampered(first.verdict)
    assert (second.verdict["reason"], scene.starts) == ("LedgerTampered", ["1"])


def test_a_mark_of_another_place_is_none(scene: Scene) -> None:
    """Signed, but for the first attempt: copied into the second, which then dies."""
    assert scene.pod("pod-1", compiled(scene.script())).run()["outcome"] == "completed"
    folder = scene.attempt(2)
    script = scene.script(f"chmod 700 {folder}; cp {scene.attempt(1)}/verdict {folder}/; touch forged; sleep 1000")
    thief = scene.pod("pod-2", compiled(script), 2, run=2).start()
    wait_until((scene.workspace / "forged").exists, "it has forged")
    thief.kill()
    tampered(scene.pod("pod-3", compiled(script), 2, run=2, ran=True, ended=["pod-2"]).run())


@pytest.mark.parametrize(
    "make",
    ["mkfifo {}", "ln -s /dev/zero {}", "mkdir {}", "truncate -s 1T {}", "ln -s {}.loop {}", "touch {}; chmod 0 {}"],
    ids=["pipe", "endless device", "folder", "a terabyte of nothing", "loop", "closed"],
)
def test_what_cannot_be_read_holds_nobody_up(scene: Scene, make: str) -> None:
    folder = scene.attempt(1)
    script = scene.script(f"chmod 700 {folder}; {make.replace('{}', f'{folder}/verdict')}")
    tampered(scene.pod("pod-1", compiled(script)).run())
    assert forged(scene) == ["verdict"]


def test_a_removed_ledger_is_told_by_the_pod_itself(scene: Scene) -> None:
    job = scene.ledger / JOB_UID
    verdict = scene.pod("pod-1", compiled(scene.script(f"chmod -R 700 {job}; rm -rf {job}; exit 0"))).run()
    tampered(verdict)
    assert "not in the ledger" in verdict["message"]


def test_a_later_attempt_that_was_prepared_is_not_performed(scene: Scene) -> None:
    """Its own third attempt, closed with a verdict before it began: that costs the third, and is said."""
    script = scene.script(write(scene, "verdict", good("pod-3", 3), attempt=3) + "exit 1")
    assert scene.pod("pod-1", compiled(script)).run()["outcome"] == "failed"
    verdict = scene.pod("pod-3", compiled(scene.script()), 3, ran=True, ended=["pod-2"]).run()
    tampered(verdict)
    assert scene.starts == ["1"]


# ---- what others are told by


def handed_on(scene: Scene, text: str) -> CompiledScore:
    score = compiled(text, cross_sheet=CROSS)
    score["sheets"].append({**score["sheets"][0], "num": 2})
    return score


def reads(scene: Scene, digest: str, **brief: object) -> Verdict:
    score = handed_on(scene, 'echo "{{ previous_outputs[1] }}" > heard')
    return scene.pod("pod-2", score, sheet=2, outputs={"1": 1}, output_digests={"1": digest}, **brief).run()


def test_an_output_that_is_as_it_was_is_handed_on(scene: Scene) -> None:
    told = scene.pod("pod-1", handed_on(scene, "echo a melody")).run()
    assert reads(scene, told["output_digest"])["outcome"] == "completed"
    assert (scene.workspace / "heard").read_text() == "a melody\n\n"


@pytest.mark.parametrize("change", ["echo another > {}", "rm {}", "echo more >> {}", "rm {}; ln -s /dev/zero {}"])
def test_a_changed_output_starts_nothing_and_names_the_sheet(scene: Scene, change: str) -> None:
    told = scene.pod("pod-1", handed_on(scene, "echo a melody")).run()
    scene.attempt(1).chmod(0o700)
    subprocess.run(["sh", "-c", change.replace("{}", f"{scene.attempt(1)}/stdout")], check=True)
    verdict = reads(scene, told["output_digest"])
    assert (verdict["outcome"], verdict["reason"]) == ("not_started", "LedgerTampered")
    assert "the output of sheet 1 (attempt 1)" in verdict["message"]
    assert "FromSheet from sheet 1" in verdict["message"]
    assert not (scene.workspace / "heard").exists()


def test_a_score_that_hands_nothing_on_tells_no_digest(scene: Scene) -> None:
    assert "output_digest" not in scene.pod("pod-1", compiled("echo a melody")).run()


def test_a_forged_reason_to_skip_is_asked_for_anew(scene: Scene) -> None:
    score = compiled(scene.script(), skip_when_command={"1": {"command": "false", "timeout_seconds": 10.0}})
    sheet = scene.ledger / JOB_UID / "s1"
    sheet.mkdir(parents=True)
    for folder in (sheet.parent, sheet):
        folder.chmod(0o777)
    (sheet / "skip-r1.json").write_text('{"succeeded": true}')
    assert scene.pod("pod-1", score).run()["outcome"] == "completed"
    assert scene.starts == ["1"]
    assert len(list(sheet.glob("forged-skip-r1.json-*"))) == 1


def test_forged_times_of_files_prove_nothing(scene: Scene) -> None:
    (scene.workspace / "made").touch()
    times = scene.ledger / JOB_UID / "s1/modified-r1.json"
    script = scene.script(f"""rm {times}; echo '{{"made": 0}}' > {times}""")
    verdict = scene.pod("pod-1", compiled(script, [rule("file_modified", path="made")])).run()
    assert (verdict["outcome"], verdict["reason"]) == ("lost", "LedgerTampered")
    assert "modified-r1.json is no mark of ours" in verdict["message"]


# ---- the key


LOOK = (
    f"printenv {KEY_VARIABLE} > seen; cat /proc/$PPID/environ /proc/1/environ >> seen 2> /dev/null; "
    f"head -c 100 /proc/$PPID/mem >> seen 2> /dev/null; set >> seen; cat /proc/self/environ >> seen; true"
)


def test_no_child_has_the_key(scene: Scene) -> None:
    rules = [rule("command_succeeds", command=LOOK.replace("seen", "seen-by-a-check"))]
    skip = {"1": {"command": LOOK.replace("seen", "seen-by-skip") + "; false", "timeout_seconds": 10.0}}
    pod = scene.pod("pod-1", compiled(scene.script(LOOK), rules, skip_when_command=skip))
    assert pod.run()["outcome"] == "completed"
    seen = sorted(scene.workspace.glob("seen*"))
    assert len(seen) == 3
    for file in seen:
        assert file.stat().st_size, "it has looked"
        assert KEY.encode() not in file.read_bytes(), file.name
    assert KEY not in pod.log


def test_the_key_is_wiped_from_the_block_that_proc_shows() -> None:
    """Even to a process that may read us: here, ourselves, and dumpable."""
    look = (
        "from marianne_runner.seal import take_key; from pathlib import Path; key = take_key();"
        "print(key, key.encode() in Path('/proc/self/environ').read_bytes(), b'BESIDE=beside' in"
        " Path('/proc/self/environ').read_bytes(), take_key() == '')"
    )
    environment = {KEY_VARIABLE: KEY, "BESIDE": "beside", "PYTHONPATH": str(REPOSITORY / "operator")}
    told = subprocess.run([sys.executable, "-c", look], env=environment, check=True, capture_output=True, text=True)
    assert told.stdout.split() == [KEY, "False", "True", "True"]


def test_a_brief_that_asks_for_signatures_without_a_key_is_refused(scene: Scene) -> None:
    scene.key = ""
    verdict = scene.pod("pod-1", compiled(scene.script()), protocol=2).run()
    assert (verdict["outcome"], verdict["reason"]) == ("failed", "ProtocolMismatch")
    assert KEY_VARIABLE in verdict["message"]
    assert not scene.starts


def test_a_job_without_a_key_takes_marks_at_their_word(scene: Scene) -> None:
    """It began before there were keys; nothing of what it knows is lost."""
    scene.key = ""
    scene.pod("pod-1", compiled(scene.script())).run()
    assert "mac" not in scene.mark(1, "verdict")
    again = scene.pod("pod-2", compiled(scene.script()), ran=True, ended=["pod-1"]).run()
    assert (again["outcome"], scene.starts) == ("completed", ["1"])


def test_a_message_that_the_agent_wrote_is_not_signed(scene: Scene) -> None:
    pod = scene.pod("pod-1", compiled(scene.script("sleep 1000")))
    message = pod.root / "dev/termination-log"
    script = f"printf %s '{good()}' > {message}; touch {scene.workspace}/forged; sleep 1000"
    hostile = scene.pod("pod-2", compiled(script), 2)
    hostile.start()
    wait_until((scene.workspace / "forged").exists, "it has forged")
    hostile.kill()
    assert not is_signed_message(KEY, message.read_text())


def test_the_runner_itself_cannot_be_stopped_from_inside(scene: Scene) -> None:
    """As PID 1 the kernel keeps SIGKILL and SIGSTOP of its children from it."""
    pod = scene.pod("pod-1", compiled(scene.script("kill -KILL 1; kill -STOP 1; exit 0")))
    verdict = pod.run(under=("unshare", "--pid", "--fork", "--mount-proc"))
    assert verdict["outcome"] == "completed"
    assert pod.wait() == 0
