"""Which attempts are told that their run begins afresh."""

import pytest

from tests.unit.plan.build import after, decided, ended, job, observe, running_status, score, sheet, verdict
from tests.unit.plan.test_launch import brief

ARCHIVE = {"folder": "archive", "naming": "iteration", "keep": 0, "preserve": []}
NEEDS = {2: [1]}


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
@pytest.mark.parametrize("fresh", [True, None])
def test_an_edit_of_the_spec_changes_nothing_of_a_run_that_has_begun(start, fresh):
    """Else what the run has made so far would be taken for what was there before it."""
    begun = running_status(sheet(1, "completed", 1), sheet(2), fresh=bool(fresh))
    assert told(observe(job(status=begun, startSheet=start), score(2, needs=NEEDS, archive=ARCHIVE))) is fresh


@pytest.mark.parametrize(
    ("asked", "spec", "fresh"),
    [
        ({}, {}, None),
        ({"scope": "FromSheet", "fromSheet": 1}, {}, None),
        ({"scope": "All"}, {}, True),
        ({"scope": "All"}, {"startSheet": 2}, None),
        ({"scope": "All", "mode": "ValidateOnly"}, {}, None),
    ],
)
def test_only_a_restart_of_every_sheet_begins_afresh(asked, spec, fresh):
    """All others build on what the run before made."""
    rules = [{"type": "file_exists", "path": "a", "stage": 1, "retry_count": 0, "retry_delay_ms": 0}]
    failed = running_status(
        sheet(1, "completed", 1), sheet(2, "failed", 1), fresh=True, completion_time="2027-01-15T08:00:00Z"
    )
    given = job(status=failed, restart={"token": "a", **asked}, **spec)
    assert told(observe(given, score(2, needs=NEEDS, archive=ARCHIVE, rules=rules))) is fresh
