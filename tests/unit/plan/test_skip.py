"""Sheets that their own condition skips."""

import pytest

from tests.unit.plan.build import decided, job, observe, running_status, score, sheet

FIRST_FAILED = "sheets[1].status == 'failed'"


def _look(conditions, *sheets, **fields):
    made = fields.pop("score", None) or score(len(sheets), **fields.pop("fields", {}))
    given = made | {"skip_when": conditions}
    return decided(observe(job(status=running_status(*sheets), **fields), given))


def _states(status):
    return [each.state for each in status.sheets]


def test_a_sheet_whose_condition_holds_is_skipped_and_the_next_one_starts():
    first = sheet(1, "completed", 1, validation_passed=True)
    plan, status = _look({"2": "sheets[1].validation_passed"}, first, sheet(2), sheet(3))
    assert _states(status) == ["completed", "skipped", "dispatched"]
    skipped = status.sheets[1]
    assert (skipped.error_message, skipped.error_code) == ("Condition met: sheets[1].validation_passed", None)
    assert skipped.completed_at is not None
    assert (len(plan.create), plan.notes, status.progress) == (1, (), "2/3")


def test_a_condition_that_does_not_hold_skips_nothing():
    _, status = _look({"2": FIRST_FAILED}, sheet(1, "completed", 1), sheet(2))
    assert _states(status) == ["completed", "dispatched"]


@pytest.mark.parametrize(
    ("condition", "state"),
    [
        ("sheets[1].estimated_cost > 0.5", "skipped"),
        ("sheets[1].estimated_cost > 1.5", "dispatched"),
        ("job.total_estimated_cost > 2", "skipped"),
        ("job.total_estimated_cost > 3", "dispatched"),
        ("sheets[1].cost_confidence < 1", "skipped"),
    ],
)
def test_a_condition_may_speak_of_costs(condition, state):
    dear = sheet(1, "completed", 1, estimated_cost_micro_usd=1_000_000, cost_confidence=0.7)
    status = running_status(dear, sheet(2), total_cost_micro_usd=2_500_000)
    _, status = decided(observe(job(status=status), score(2) | {"skip_when": {"2": condition}}))
    assert _states(status)[1] == state


def test_a_chain_of_skips_ends_the_job():
    _, status = _look({"1": "True", "2": "sheets[1].status == 'skipped'"}, sheet(1), sheet(2))
    assert (_states(status), status.phase) == (["skipped", "skipped"], "Completed")


def test_it_is_asked_only_when_dependencies_are_satisfied():
    _, status = _look({"2": "True"}, sheet(1), sheet(2))
    assert _states(status) == ["dispatched", "pending"]


def test_it_is_asked_only_before_the_first_attempt():
    _, status = _look({"1": "True"}, sheet(1, "pending", 1))
    assert _states(status) == ["dispatched"]


@pytest.mark.parametrize("held", [{"paused": True}, {"cancel": True}])
def test_a_job_that_may_start_nothing_skips_nothing(held):
    _, status = _look({"1": "True"}, sheet(1), sheet(2), **held)
    assert "skipped" not in _states(status)


def test_a_condition_that_cannot_be_evaluated_is_told_and_its_sheet_runs():
    plan, status = _look({"1": "sheets[7].status"}, sheet(1))
    assert _states(status) == ["dispatched"]
    (note,) = plan.notes
    assert (note.type, note.reason) == ("Warning", "SkipConditionFailed")
    assert "sheets[7].status" in note.message


def test_a_skip_is_no_sheet_to_pause_after():
    waits = score(2, pause_seconds=60.0)
    _, status = _look({"1": "True"}, sheet(1), sheet(2), score=waits)
    assert _states(status) == ["skipped", "dispatched"]


def test_the_job_is_told_too():
    _, status = _look({"1": "job.total_sheets == 1 and job.job_name == 'tune'"}, sheet(1))
    assert _states(status) == ["skipped"]
    assert status.completion_time is not None
    assert status.sheets[0].completed_at is not None
