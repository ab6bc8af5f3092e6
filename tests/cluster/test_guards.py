"""Agents that hang, flood and fill, on a real kubelet; and what is told of their attempts."""

import json
from pathlib import Path

import pytest

from tests.cluster.lane import Lane, bash_score
from tests.cluster.test_cli import Program

pytestmark = pytest.mark.usefixtures("installed")
STALE = {"enabled": True, "idle_timeout_seconds": 2, "check_interval_seconds": 0.5}
TWICE = [
    {"type": "file_exists", "path": "{workspace}/tries", "description": "tried"},
    {"type": "command_succeeds", "command": "test $(wc -l < {workspace}/tries) -ge 2", "description": "tried twice"},
]


def test_one_that_falls_silent_is_stopped_and_what_it_started_with_it(lane: Lane) -> None:
    hangs = "(setsid sleep 600 &); echo begun; exec sleep 600"
    lane.job("silent", bash_score(hangs, stale_detection=STALE))
    lane.await_phase("silent", "Failed")
    sheet = lane.sheet("silent")
    assert (sheet["errorCode"], sheet["errorCategory"], sheet["exitReason"]) == ("E006", "timeout", "timeout")
    assert "no output for 2 s" in sheet["errorMessage"]


def test_one_that_fills_the_nodes_disk_is_evicted_and_pays_for_it(lane: Lane) -> None:
    limits = {"requests": {"cpu": "10m"}, "limits": {"ephemeral-storage": "20Mi"}}
    fill = "dd if=/dev/zero of=/tmp/fill bs=1M count=60 2>/dev/null; sleep 600"
    lane.job("full", bash_score(fill), sheetTemplate={"resources": limits})
    lane.await_phase("full", "Failed")
    sheet = lane.sheet("full")
    assert (sheet["normalAttempts"], sheet.get("infrastructureEnds", 0)) == (1, 0)
    assert "ephemeral" in sheet["errorMessage"]


def test_a_flood_leaves_the_nodes_log_bounded_and_its_end_readable(lane: Lane) -> None:
    lane.job("flood", bash_score("yes a line of text | head -c 80000000; echo; echo LAST"))
    status = lane.await_phase("flood", "Completed")
    log = lane.kubectl("logs", status["sheets"][0]["podName"], "--tail=5000").splitlines()
    assert log[-1] == "LAST"
    assert any("bytes are left out here" in line for line in log)


def test_attempts_stand_side_by_side_with_their_evidence(lane: Lane, kubeconfig: Path) -> None:
    retry = {"max_retries": 3, "base_delay_seconds": 0.2, "jitter": False, "max_completion_attempts": 0}
    lane.job("twice", bash_score("echo x >> tries; echo try $(wc -l < tries)", rules=TWICE, retry=retry))
    lane.await_phase("twice", "Completed")
    program = Program(kubeconfig, lane.namespace)
    told = json.loads(program("sheet", "twice", "1", "--attempts", "--evidence", "-o", "json"))["attempts"]
    assert [(each["attempt"], each["mode"], each["outcome"]) for each in told] == [
        (1, "normal", "failed"),
        (2, "retry", "completed"),
    ]
    assert [each["failed_validations"] for each in told] == [["tried twice"], []]
    kept = [each["evidence"] for each in told]
    assert [each["stdout"]["text"] for each in kept] == ["try 1\n", "try 2\n"]
    assert [[check["passed"] for check in each["verdict"]["checks"]] for each in kept] == [[True, False], [True, True]]
    assert "echo try" in kept[0]["prompt"]["text"]
    page = program("diagnose", "twice").decode()
    assert "good: job: it has completed 1/1" in page
    assert lane.kubectl("get", "pods", "--selector=marianne.dev/reader-of", "-o", "name") == "", "no reader is left"
