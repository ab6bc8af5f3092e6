"""The ledger on real Pods: an instrument starts at most once per attempt, and finished work is never done again."""

import pytest

from tests.cluster.lane import Lane, bash_score, wait_for
from tests.cluster.operator_deployment import OperatorDeployment

pytestmark = pytest.mark.usefixtures("installed")

WORK = "echo started >> starts; sleep {seconds}; echo ended >> ends"
QUICK, SLOW = WORK.format(seconds=1), WORK.format(seconds=12)


def test_deleted_while_it_works_the_next_attempt_does_it(lane: Lane) -> None:
    lane.job("deleted", bash_score(SLOW))
    pod = _working(lane, "deleted")
    lane.kubectl("delete", "pod", pod, "--wait=false")
    sheet = lane.await_phase("deleted", "Completed")["sheets"][0]
    assert (sheet["attempt"], sheet["infrastructureEnds"], sheet.get("normalAttempts", 0)) == (2, 1, 0)
    assert lane.lines("deleted-workspace", "starts") == ["started"] * 2
    assert lane.lines("deleted-workspace", "ends") == ["ended"]


def test_finished_and_deleted_before_it_was_accounted_it_is_not_done_again(
    lane: Lane, operator_deployment: OperatorDeployment
) -> None:
    lane.job("unaccounted", bash_score(SLOW))
    pod = _working(lane, "unaccounted")
    with operator_deployment.stopped():
        lane.await_pod(pod, "Succeeded")
        lane.kubectl("delete", "pod", pod)
    sheet = lane.await_phase("unaccounted", "Completed")["sheets"][0]
    assert sheet["attempt"] == 1
    assert lane.lines("unaccounted-workspace", "starts") == ["started"]


def test_the_operator_is_away_while_a_sheet_ends(lane: Lane, operator_deployment: OperatorDeployment) -> None:
    lane.job("away", bash_score(SLOW, QUICK))
    pod = _working(lane, "away")
    with operator_deployment.stopped():
        lane.await_pod(pod, "Succeeded")
    lane.await_phase("away", "Completed")
    assert lane.lines("away-workspace", "starts") == ["started"] * 2


@pytest.mark.timeout(400)
def test_deleted_by_force_the_lost_attempt_is_fenced_before_the_next(lane: Lane) -> None:
    lane.job("forced", bash_score(WORK.format(seconds=25)))
    pod = _working(lane, "forced")
    lane.kubectl("delete", "pod", pod, "--force", "--grace-period=0")
    sheet = lane.await_phase("forced", "Completed", deadline=330)["sheets"][0]
    starts = lane.lines("forced-workspace", "starts")
    assert len(starts) == sheet["attempt"] <= 2, "once per attempt"
    assert sheet.get("normalAttempts", 0) == 0


def test_a_job_made_again_under_its_name_is_another_job(lane: Lane) -> None:
    lane.job("reborn", bash_score(SLOW))
    _working(lane, "reborn")
    first = lane.get("mariannejob", "reborn")["metadata"]["uid"]
    lane.kubectl("delete", "mariannejob", "reborn", "--wait=true")
    lane.job("reborn", bash_score(SLOW))
    status = lane.await_phase("reborn", "Completed")
    second = lane.get("mariannejob", "reborn")["metadata"]["uid"]
    assert first != second
    assert status["sheets"][0]["attempt"] == 1
    assert lane.lines("reborn-workspace", "ends") == ["ended"], "the first job's sheet was stopped"


def _working(lane: Lane, job: str) -> str:
    """The name of the first sheet's Pod, once its instrument has started."""
    sheet = wait_for(lambda: lane.sheet(job), lambda sheet: "podName" in sheet)
    wait_for(lambda: lane.get("pvc", f"{job}-workspace"), lambda claim: claim["spec"].get("volumeName"))
    wait_for(lambda: lane.lines(f"{job}-workspace", "starts"), bool)
    return str(sheet["podName"])
