"""How a sheet can end on a real kubelet, and what the status says of it."""

import pytest

from tests.cluster.lane import Lane, bash_score

pytestmark = pytest.mark.usefixtures("installed")


def test_a_sheet_that_needs_too_much_memory_names_memory_and_the_fix(lane: Lane) -> None:
    limits = {"resources": {"requests": {"memory": "64Mi"}, "limits": {"memory": "64Mi"}}}
    hog = "x=$(head -c 400000000 /dev/zero | tr '\\0' x); echo ${#x}"
    lane.job("oom", bash_score(hog), sheetTemplate=limits)
    lane.await_phase("oom", "Failed")
    sheet = lane.sheet("oom")
    assert (sheet["state"], sheet["errorCode"]) == ("failed", "E005")
    assert "memory" in sheet["errorMessage"]


def test_a_sheet_that_takes_too_long_is_stopped(lane: Lane) -> None:
    lane.job("slow", bash_score("sleep 600", instrument_config={"timeout_seconds": 2}))
    lane.await_phase("slow", "Failed")
    sheet = lane.sheet("slow")
    assert (sheet["errorCode"], sheet["errorCategory"], sheet["exitReason"]) == ("E001", "timeout", "timeout")


def test_exit_code_137_of_the_instrument_is_its_own_failure(lane: Lane) -> None:
    lane.job("exits", bash_score("exit 137"))
    lane.await_phase("exits", "Failed")
    sheet = lane.sheet("exits")
    assert (sheet["exitCode"], sheet["normalAttempts"], sheet.get("infrastructureEnds", 0)) == (137, 1, 0)


def test_a_sheet_that_terminates_its_own_pod_pays_for_it(lane: Lane) -> None:
    lane.job("self", bash_score("kill -TERM 1; sleep 60"))
    lane.await_phase("self", "Failed")
    sheet = lane.sheet("self")
    assert (sheet["normalAttempts"], sheet.get("infrastructureEnds", 0), sheet["errorCategory"]) == (1, 0, "signal")


def test_a_failed_check_is_tried_again_and_passes(lane: Lane) -> None:
    grow = "echo x >> tries; [ $(wc -l < tries) -ge 2 ] && echo good > out; exit 0"
    rules = [{"type": "content_contains", "path": "{workspace}/out", "pattern": "good", "retry_count": 0}]
    score = bash_score(grow, rules=rules, retry={"max_retries": 3, "base_delay_seconds": 0.2})
    lane.job("again", score)
    status = lane.await_phase("again", "Completed")
    sheet = status["sheets"][0]
    assert (sheet["attempt"], sheet["normalAttempts"], sheet["outcomeCategory"]) == (2, 1, "success_retry")
    assert lane.lines("again-workspace", "tries") == ["x", "x"]


def test_pods_of_a_restricted_namespace_are_admitted_without_a_warning(lane: Lane) -> None:
    lane.job("plain", bash_score("true", "true"))
    status = lane.await_phase("plain", "Completed")
    assert status["progress"] == "2/2"
    assert lane.events("plain") == [], "a plain run has no events"
    for sheet in status["sheets"]:
        pod = lane.get("pod", sheet["podName"])
        copy = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "copy", "annotations": pod["metadata"]["annotations"]},
            "spec": {key: value for key, value in pod["spec"].items() if key not in ("nodeName", "serviceAccount")},
        }
        told = lane.warnings_of_a_dry_run(copy)
        assert told == ""
