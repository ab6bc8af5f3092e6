"""A budget on real Pods: the scripted agent says what it used, the job waits, and goes on when its cap is raised."""

import json
from pathlib import Path

import pytest

from tests.cluster.lane import Lane

EXAMPLE = Path(__file__).parents[2] / "examples" / "budget.yaml"
RAISED = {"spec": {"score": {"cost_limits": {"max_cost_per_job": 1}}}}

pytestmark = pytest.mark.usefixtures("installed")


def test_a_cap_is_reached_and_raised_and_nothing_is_paid_for_twice(lane: Lane) -> None:
    lane.kubectl("apply", "-f", str(EXAMPLE))
    held = lane.await_phase("budget", "Waiting")
    assert (held["waiting"]["reason"], held["progress"]) == ("BudgetReached", "2/3")
    assert (held["totalCostMicroUsd"], held["cost"]) == (90_000, "$0.0900")
    assert {sheet.get("costSource") for sheet in held["sheets"][:2]} == {"reported"}
    assert "$0.0900" in lane.kubectl("get", "mariannejob", "budget", "-o", "wide")
    told = {event["reason"] for event in lane.events("budget")}
    assert told == {"BudgetWarning", "BudgetReached"}

    lane.kubectl("patch", "mariannejob", "budget", "--type=merge", "-p", json.dumps(RAISED))
    done = lane.await_phase("budget", "Completed")
    assert (done["totalCostMicroUsd"], done["run"]) == (135_000, 1)
    assert {sheet["attempt"] for sheet in done["sheets"]} == {1}
    assert lane.condition("budget", "ScoreChangeIgnored")["reason"] == "LimitsTaken"
    assert lane.lines("budget-workspace", "book.md") == ["Chapter 1", "Chapter 2", "Chapter 3"]
