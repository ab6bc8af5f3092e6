import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from dev.cluster.processes import Program, start_time
from dev.cluster.progress import SetupError, wait_until


@pytest.fixture
def sleeper(tmp_path: Path) -> Program:
    return Program(tmp_path, "sleeper")


def test_a_program_is_started_once_and_ended(sleeper: Program) -> None:
    sleeper.start(["sleep", "60"])
    pid = sleeper.pid()
    sleeper.start(["sleep", "60"])
    assert pid is not None
    assert sleeper.pid() == pid
    sleeper.stop()
    assert sleeper.pid() is None
    assert not sleeper.record.exists()
    assert start_time(pid) is None


def test_one_that_ignores_the_signal_is_killed(sleeper: Program) -> None:
    sleeper.start(["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.05; done"])
    wait_until("the trap to be set", lambda: "ready" in sleeper.log.read_text(), 10)
    sleeper.stop(grace_seconds=0.2)
    assert sleeper.pid() is None


def test_one_that_is_stopped_is_ended_too(sleeper: Program) -> None:
    sleeper.start(["sleep", "60"])
    sleeper.send(signal.SIGSTOP)
    begun = time.monotonic()
    sleeper.stop(grace_seconds=30)
    assert sleeper.pid() is None
    assert time.monotonic() - begun < 20


def test_a_pid_that_was_used_again_is_not_ours(sleeper: Program, tmp_path: Path) -> None:
    other = Program(tmp_path, "other")
    other.start(["sleep", "60"])
    pid = other.pid()
    assert pid is not None
    sleeper.record.write_text(json.dumps({"pid": pid, "started": 1}))
    assert sleeper.pid() is None
    sleeper.stop()
    assert other.pid() == pid
    other.stop()


def test_one_that_died_is_told_with_the_end_of_its_log(sleeper: Program) -> None:
    sleeper.start(["sh", "-c", "echo no such flag >&2; exit 1"])
    wait_until("it to end", lambda: sleeper.pid() is None, 10)
    with pytest.raises(SetupError, match=r"(?s)sleeper has ended.*no such flag"):
        sleeper.must_live()


def test_one_that_ended_before_it_was_recorded_does_not_live(sleeper: Program) -> None:
    sleeper.record.parent.mkdir(parents=True)
    with subprocess.Popen(["true"]) as ended:
        wait_until("it to end", lambda: start_time(ended.pid) is None, 10)
        sleeper.record.write_text(json.dumps({"pid": ended.pid, "started": None}))
        assert sleeper.pid() is None


def test_records_may_lie_outside_of_the_state(tmp_path: Path) -> None:
    program = Program(tmp_path / "state", "sleeper", tmp_path / "records")
    program.start(["sleep", "60"])
    assert Program(tmp_path / "elsewhere", "sleeper", tmp_path / "records").pid() == program.pid()
    program.stop()


def test_no_proxy_comes_between_the_parts(sleeper: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://192.0.2.1:1")
    monkeypatch.setenv("https_proxy", "http://192.0.2.1:1")
    sleeper.start(["env"], {"ADDED": "yes"})
    wait_until("it to end", lambda: sleeper.pid() is None and "ADDED=yes" in sleeper.log.read_text(), 10)
    assert "192.0.2.1" not in sleeper.log.read_text()


def test_a_condition_that_never_holds_is_told(tmp_path: Path) -> None:
    log = tmp_path / "part.log"
    log.write_text("why it hangs\n")
    with pytest.raises(SetupError, match=r"(?s)waited 0 s for rain.*part\.log.*why it hangs"):
        wait_until("rain", lambda: False, 0.0, log)


def test_a_zombie_does_not_run() -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    wait_until("it to end", lambda: start_time(pid) is None, 10)
    os.waitpid(pid, 0)
