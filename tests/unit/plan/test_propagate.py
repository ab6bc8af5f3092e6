"""What a failure does to sheets that have not started."""

import pytest

from marianne_operator.plan.clock import stamp
from tests.unit.plan.build import NOW, decided, ended, job, observe, running, running_status, score, sheet, verdict


def spread(compiled, *sheets, pods=()):
    return decided(observe(job(status=running_status(*sheets)), compiled, pods=pods))[1]


def states(status):
    return [each.state for each in status.sheets]


CHAIN = {2: [1], 3: [2], 4: []}
FAILS = ended(told=verdict("failed", "ExitCode"))


def test_dependants_are_skipped_transitively_and_others_go_on():
    sheets = [sheet(1, "dispatched", 1), sheet(2), sheet(3), sheet(4)]
    status = spread(score(4, needs=CHAIN, max_concurrent=4, tries=1), *sheets, pods=[FAILS])
    assert states(status) == ["failed", "skipped", "skipped", "dispatched"]
    assert [each.error_message for each in status.sheets[1:3]] == [
        "Blocked by failed dependency: sheet 1",
        "Blocked by failed dependency: sheet 2",
    ]
    assert {each.error_code for each in status.sheets[1:3]} == {"E999"}
    assert not status.sheets[1].satisfied


def test_dependants_with_lower_numbers_are_reached():
    sheets = [sheet(1), sheet(2), sheet(3, "failed", 1, error_message="x")]
    status = spread(score(3, needs={1: [2], 2: [3]}, max_concurrent=3), *sheets)
    assert states(status) == ["skipped", "skipped", "failed"]
    assert status.phase == "Failed"


@pytest.mark.parametrize("parallel", [{"max_concurrent": 4, "fail_fast": True}, {}], ids=["fail fast", "not parallel"])
def test_the_first_failure_ends_the_job(parallel):
    sheets = [sheet(1, "dispatched", 1), sheet(2), sheet(3), sheet(4)]
    status = spread(score(4, needs=CHAIN, tries=1, **parallel), *sheets, pods=[FAILS])
    assert states(status) == ["failed", "skipped", "skipped", "skipped"]
    assert status.sheets[3].error_message == "Not started: sheet 1 failed"


def test_what_runs_is_let_end():
    sheets = [
        sheet(1, "dispatched", 1),
        sheet(2, "dispatched", 1),
        sheet(3, "retry_scheduled", 1, next_retry_at=stamp(NOW)),
    ]
    compiled = score(3, needs={3: []}, max_concurrent=3, fail_fast=True, tries=1)
    status = spread(compiled, *sheets, pods=[FAILS, running(2)])
    assert states(status) == ["failed", "in_progress", "skipped"]
    assert status.completion_time is None


def test_a_sheet_skipped_on_purpose_stops_nobody():
    status = spread(score(2), sheet(1, "skipped", 1), sheet(2))
    assert states(status) == ["skipped", "dispatched"]


def test_a_cancelled_sheet_is_no_failure_but_nothing_can_follow_it():
    status = spread(score(3, needs={2: [1], 3: []}, max_concurrent=3), sheet(1, "cancelled", 1), sheet(2), sheet(3))
    assert states(status) == ["cancelled", "skipped", "dispatched"]
