"""Instruments that misbehave: nothing of them survives, nothing of ours leaks, memory is bounded."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from marianne_runner import processes
from marianne_runner.streams import LOG_BYTES
from tests.unit.runner.scene import USER, Scene, compiled, descendants, parent_of, rule, wait_until

DAEMON = (
    "(setsid bash -c 'trap \"\" TERM HUP; echo $BASHPID > {file}; while :; do sleep 0.05; done' &); "
    "while [ ! -s {file} ]; do sleep 0.01; done"
)
ALIVE = "kill -0 $(cat {file})"


@pytest.mark.parametrize("under", [(), ("unshare", "--pid", "--fork", "--mount-proc")], ids=["elsewhere", "as PID 1"])
def test_a_daemon_is_gone_before_the_checks(scene: Scene, under: tuple[str, ...]) -> None:
    rules = [rule("command_succeeds", command=f"! {ALIVE.format(file='daemon')}")]
    pod = scene.pod("pod-1", compiled(scene.script(DAEMON.format(file="daemon")), rules))
    assert pod.run(under=under)["outcome"] == "completed"


@pytest.mark.parametrize("under", [(), ("unshare", "--pid", "--fork", "--mount-proc")], ids=["elsewhere", "as PID 1"])
def test_a_check_leaves_nothing_either(scene: Scene, under: tuple[str, ...]) -> None:
    rules = [
        rule("command_succeeds", command=DAEMON.format(file="daemon")),
        rule("command_succeeds", command=f"! {ALIVE.format(file='daemon')}"),
    ]
    assert scene.pod("pod-1", compiled(scene.script(), rules)).run(under=under)["outcome"] == "completed"


def test_a_process_that_entered_from_outside_is_gone_before_the_checks(scene: Scene) -> None:
    """As `kubectl exec` does: it is no descendant of PID 1."""
    rules = [rule("command_succeeds", command="! grep -l 5432[1] /proc/[0-9]*/cmdline")]
    pod = scene.pod("pod-1", compiled(scene.script("while [ ! -e go ]; do sleep 0.02; done"), rules))
    pod.start(under=("unshare", "--pid", "--fork", "--mount-proc"))
    wait_until(lambda: scene.starts, "the instrument starts")
    assert pod.process is not None
    (first,) = (pid for pid in descendants(pod.process.pid) if parent_of(pid) == pod.process.pid)
    enter = ["nsenter", f"--target={first}", "--pid", f"--setuid={USER}", f"--setgid={USER}", "sleep", "54321"]
    with subprocess.Popen(enter, stderr=subprocess.DEVNULL) as entered:
        wait_until(lambda: descendants(entered.pid), "it has entered")
        (scene.workspace / "go").touch()
        assert pod.wait() == 0
    assert pod.verdict["outcome"] == "completed"


def test_as_pid_1_all_die_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """One by one, a program that forks fast enough would outlive it."""
    killed: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "getpid", lambda: 1)
    monkeypatch.setattr(os, "kill", lambda pid, number: killed.append((pid, number)))
    monkeypatch.setattr(processes, "_others", lambda: [] if killed else [7, 8])
    monkeypatch.setattr(processes, "reap", lambda pid: None)
    processes.kill_everything_else()
    assert killed == [(-1, signal.SIGKILL)]


def test_a_child_that_keeps_the_output_open_holds_up_nobody(scene: Scene) -> None:
    verdict = scene.pod("pod-1", compiled(scene.script("echo said; sleep 1000 & setsid sleep 1000 &"))).run()
    assert (verdict["outcome"], verdict["stdout_tail"]) == ("completed", "said\n")


def test_one_that_closes_its_output_may_work_on(scene: Scene) -> None:
    rules = [rule("file_exists", path="made")]
    script = scene.script("exec >&- 2>&-; sleep 0.3; touch made")
    assert scene.pod("pod-1", compiled(script, rules)).run()["outcome"] == "completed"


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_flood_of_output(scene: Scene, stream: str) -> None:
    """The instrument itself looks at how much memory its parent took at most."""
    to = ">&2" if stream == "stderr" else ""
    flood = f"(yes a line of text | head -c 209715200; echo END) {to}; grep VmHWM /proc/$PPID/status > peak"
    pod = scene.pod("pod-1", compiled(scene.script(flood)))
    verdict = pod.run()
    assert verdict["outcome"] == "completed"
    assert verdict[f"{stream}_tail"].endswith("END\n")  # type: ignore[literal-required]
    assert verdict["output_truncated"]
    assert (scene.attempt(1) / stream).stat().st_size == 51200
    assert int((scene.workspace / "peak").read_text().split()[1]) < 64 * 1024
    assert LOG_BYTES < (pod.root / "log").stat().st_size < LOG_BYTES + 100_000
    assert pod.log.endswith("END\n")


def test_orphans_are_taken_in_while_the_instrument_works(scene: Scene) -> None:
    count = 'cat /proc/[0-9]*/stat 2> /dev/null | grep -c " Z $PPID " > zombies; true'
    script = scene.script("for i in $(seq 300); do (true &); done; sleep 0.3; " + count)
    assert scene.pod("pod-1", compiled(script)).run()["outcome"] == "completed"
    assert int((scene.workspace / "zombies").read_text()) < 20


def test_a_tampered_termination_message(scene: Scene) -> None:
    pod = scene.pod("pod-1", compiled("true"))
    message = pod.root / "dev/termination-log"
    pod = scene.pod("pod-2", compiled(f"head -c 100000 /dev/zero > {message}; exit 3"), attempt=2)
    (pod.root / "dev/termination-log").symlink_to(message)
    verdict = pod.run()
    assert (verdict["outcome"], verdict["exit_code"]) == ("failed", 3)


def test_a_ledger_that_is_cleared_away_keeps_its_marks(scene: Scene) -> None:
    """Closed folders: `rm -rf` by the user that they belong to fails on what is in them."""
    script = scene.script(f"stat -c %a {scene.attempt(1)} > mode; rm -rf {scene.ledger}/* ; touch made")
    rules = [rule("file_exists", path="made")]
    scene.pod("pod-1", compiled(script, rules), sheet=1).run()
    assert (scene.workspace / "mode").read_text() == "500\n"
    assert scene.mark(1, "started")["pod_uid"] == "pod-1"
    assert scene.mark(1, "verdict")["outcome"] == "completed"
    assert scene.attempt(1).stat().st_mode & 0o777 == 0o500


# ---- credentials


def test_the_instrument_has_its_credentials_and_checks_have_not(scene: Scene) -> None:
    rules = [rule("command_succeeds", command='test -z "$TOKEN" && test "$OTHER" = o')]
    pod = scene.pod("pod-1", compiled(scene.script('test "$TOKEN" = secret-in-a-pod'), rules), credentials=["TOKEN"])
    verdict = pod.run(environment={"TOKEN": "secret-in-a-pod", "OTHER": "o"})
    assert (verdict["outcome"], verdict["exit_code"]) == ("completed", 0)


@pytest.mark.parametrize("file", ["environ", "mem"])
def test_a_check_cannot_read_them_from_the_runner(scene: Scene, file: str) -> None:
    rules = [rule("command_succeeds", command=f"! head -c 1 /proc/$PPID/{file}", description="closed")]
    pod = scene.pod("pod-1", compiled(scene.script(), rules), credentials=["TOKEN"])
    verdict = pod.run(environment={"TOKEN": "secret-in-a-pod"})
    assert verdict["passed_rules"] == ["closed"]


def test_what_it_prints_is_redacted_everywhere(scene: Scene) -> None:
    key = "sk-ant-api03-" + "a" * 40
    pod = scene.pod("pod-1", compiled(scene.script(f"echo {key}; echo Bearer {'b' * 40} >&2; exit 3")))
    verdict = pod.run()
    assert verdict["stdout_tail"] == "[REDACTED_ANTHROPIC_KEY]\n"
    assert verdict["stderr_tail"] == "Bearer [REDACTED_BEARER_TOKEN]\n"
    kept = list(scene.attempt(1).iterdir())
    assert not [file.name for file in kept if key.encode() in file.read_bytes() or b"bbbb" in file.read_bytes()]
    assert key not in pod.log


def test_its_own_credentials_are_redacted_whatever_they_look_like(scene: Scene) -> None:
    """Those who may read a job's Pods and status may not therefore read its Secrets."""
    script = scene.script('echo "key=$TOKEN;"; tail -n 1 <<< "${LINES_OF_IT%?}" >&2; echo "$SHORT$OTHER"; exit 3')
    pod = scene.pod("pod-1", compiled(script), credentials=["TOKEN", "LINES_OF_IT", "SHORT", "ABSENT"])
    secrets = {"TOKEN": "plain words here", "LINES_OF_IT": "-----BEGIN-----\nabcdefgh12\n", "SHORT": "a", "OTHER": "bc"}
    verdict = pod.run(environment=secrets)
    assert verdict["stdout_tail"] == "key=[REDACTED_CREDENTIAL];\nabc\n"
    assert verdict["stderr_tail"] == "[REDACTED_CREDENTIAL]\n"
    kept = [file.read_bytes() for file in scene.attempt(1).iterdir()]
    assert not [each for each in [*kept, pod.log.encode()] if b"plain words" in each or b"abcdefgh" in each]


def test_output_is_seen_while_it_works(scene: Scene) -> None:
    pod = scene.pod("pod-1", compiled(scene.script("echo early; while [ ! -e go ]; do sleep 0.02; done"))).start()
    wait_until(lambda: "early" in pod.log, "the line is in the log")
    assert not pod.has_verdict
    (scene.workspace / "go").touch()
    assert pod.wait() == 0


@pytest.mark.parametrize(
    ("counter", "text"),
    [("memory.events", "low 0\noom 1\noom_kill {}\n"), ("memory/memory.oom_control", "under_oom 0\noom_kill {}\n")],
    ids=["cgroup v2", "cgroup v1"],
)
def test_a_kill_for_memory_is_told(scene: Scene, counter: str, text: str) -> None:
    pod = scene.pod("pod-1", compiled("placeholder"))
    file = pod.root / "sys/fs/cgroup" / counter
    killed = scene.pod("pod-2", compiled(f"printf '{text.format(8)}' > {file}; kill -9 $$"))
    (killed.root / "sys").symlink_to(pod.root / "sys")
    _write(file, text.format(7))
    verdict = killed.run()
    assert (verdict["outcome"], verdict["reason"], verdict["exit_signal"]) == ("failed", "OutOfMemory", 9)
    _write(file, text.format(8))
    calm = scene.pod("pod-3", compiled("kill -9 $$"), attempt=2)
    (calm.root / "sys").symlink_to(pod.root / "sys")
    assert calm.run()["reason"] == "Signal"


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(0o666)
