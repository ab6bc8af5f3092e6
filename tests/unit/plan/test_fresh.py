"""Which attempts are told that their run begins afresh."""

import pytest

from tests.unit.plan.build import after, decided, ended, job, observe, running_status, score, sheet, verdict
from tests.unit.plan.test_launch import brief

ARCHIVE = {"folder": "archive", "naming": "iteration", "keep": 0, "preserve": []}
NEEDS = {2: [1]}


def begun(*sheets, **spec):
    return observe(job(status=running_status(*sheets), **spec), score(2, needs=NEEDS, archive=ARCHIVE))


def told(seen):
    return brief(decided(seen)[0]).get("fresh")


def test_the_first_run_from_its_first_sheet_on():
    first = observe(job(), score(2, needs=NEEDS, archive=ARCHIVE))
    assert told(first) is True
    over = after(first, decided(first)[0], pods={ended().name: ended(told=verdict())})
    assert told(over) is True, "its later sheets as well: nobody knows which of them comes first"


def test_a_score_that_does_not_ask_for_it_tells_nothing():
    assert "fresh" not in brief(decided(observe(job(), score(2)))[0])


def test_who_begins_in_the_middle_builds_on_what_is_there():
    assert told(observe(job(startSheet=2), score(2, archive=ARCHIVE))) is None


@pytest.mark.parametrize("start", [1, 2])
def test_an_edit_of_the_spec_changes_nothing_of_a_run_that_has_begun(start):
    """Else what the run has made so far would be taken for what was there before it."""
    skipped, done = sheet(1, "completed"), sheet(1, "completed", 1, attempt_count=1)
    assert told(begun(done, sheet(2), startSheet=start)) is True
    assert told(begun(skipped, sheet(2), startSheet=start)) is None


def test_a_restart_builds_on_what_its_own_run_made():
    failed = running_status(sheet(1, "failed", 1), sheet(2), completion_time="2027-01-15T08:00:00Z")
    again = observe(job(status=failed, restart={"token": "a"}), score(2, needs=NEEDS, archive=ARCHIVE))
    assert told(again) is None
