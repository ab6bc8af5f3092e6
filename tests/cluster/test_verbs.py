"""pause, resume, cancel, delete, startSheet and restart by kubectl, in their plain cases, on real Pods."""

import json

import pytest

from tests.cluster.lane import Lane, bash_score, wait_for

pytestmark = pytest.mark.usefixtures("installed")

STEP = "echo $(date +%s%N) >> steps; sleep 2"


def test_pause_lets_the_running_sheet_end_and_resume_goes_on(lane: Lane) -> None:
    lane.job("steps", bash_score(STEP, STEP, STEP))
    wait_for(lambda: lane.sheet("steps"), lambda sheet: "podName" in sheet)
    _patch(lane, "steps", paused=True)
    status = lane.await_phase("steps", "Paused")
    assert [sheet["state"] for sheet in status["sheets"]] == ["completed", "pending", "pending"]
    _patch(lane, "steps", paused=False)
    assert lane.await_phase("steps", "Completed")["progress"] == "3/3"
    assert {event["reason"] for event in lane.events("steps")} >= {"Paused", "Resumed"}


def test_a_pause_that_interrupts_costs_no_try(lane: Lane) -> None:
    lane.job("cut", bash_score("echo x >> steps; sleep 20"), pausePolicy="Interrupt")
    lane.await_status("cut", lambda status: any(s["state"] == "in_progress" for s in status.get("sheets", ())))
    _patch(lane, "cut", paused=True)
    status = lane.await_phase("cut", "Paused")
    assert (status["sheets"][0]["state"], status["sheets"][0].get("normalAttempts", 0)) == ("pending", 0)


def test_cancel_stops_what_runs_and_restart_begins_again(lane: Lane) -> None:
    lane.job("stopped", bash_score("echo one", "[ -e go ] || { touch go; sleep 60; }", "echo three"))
    lane.await_status("stopped", lambda s: s.get("sheets", [{}, {}])[1].get("state") == "in_progress")
    _patch(lane, "stopped", cancel=True)
    status = lane.await_phase("stopped", "Cancelled")
    assert [sheet["state"] for sheet in status["sheets"]] == ["completed", "cancelled", "cancelled"]
    _patch(lane, "stopped", cancel=False)
    _patch(lane, "stopped", restart={"token": "again"})
    status = lane.await_phase("stopped", "Completed")
    assert (status["run"], status["sheets"][0]["attempt"], status["sheets"][1]["attempt"]) == (2, 1, 2)


def test_start_sheet_counts_earlier_ones_as_done(lane: Lane) -> None:
    lane.job("late", bash_score("echo 1 >> ran", "echo 2 >> ran", "echo 3 >> ran"), startSheet=3)
    status = lane.await_phase("late", "Completed")
    assert status["progress"] == "3/3"
    assert lane.lines("late-workspace", "ran") == ["3"]


def test_delete_takes_everything_but_the_results(lane: Lane) -> None:
    lane.job("gone", bash_score("echo x > kept; sleep 60"))
    lane.await_status("gone", lambda s: any(each["state"] == "in_progress" for each in s.get("sheets", ())))
    lane.kubectl("delete", "mariannejob", "gone", "--timeout=30s")
    wait_for(lambda: lane.kubectl("get", "pods,configmaps", "-o", "name"), lambda names: "gone" not in names, 60)
    assert lane.get("pvc", "gone-workspace"), "results were paid for"


def _patch(lane: Lane, job: str, **spec: object) -> None:
    lane.kubectl("patch", "mariannejob", job, "--type=merge", "-p", json.dumps({"spec": spec}))
