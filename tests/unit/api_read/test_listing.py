"""Filters, search, order and pages."""

import pytest

from marianne_api.read.listing import Wanted, item, select
from tests.unit.api_read.made import row

ROWS = [
    row("a", created="2026-01-01T00:00:00Z", phase="Completed", completed=4, score="Mass"),
    row("b", created="2026-01-03T00:00:00Z", waiting_reason="RateLimited", phase="Waiting"),
    row("c", created="2026-01-02T00:00:00Z", waiting_reason="Backoff", phase="Waiting", started=""),
    row("d", created="2026-01-02T00:00:00Z", namespace="other", phase="Refused", total=0, completed=0),
]


def names(**wanted: object) -> str:
    page, _ = select(ROWS, Wanted(**wanted))  # type: ignore[arg-type]
    return "".join(each.name for each in page)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, "bdca"),
        ({"sort": "created_at"}, "adcb"),
        ({"sort": "name"}, "abcd"),
        ({"sort": "-name"}, "dcba"),
        ({"sort": "progress"}, "dbca"),
        ({"sort": "-progress"}, "abcd"),
        ({"status": "completed"}, "a"),
        ({"status": "running"}, "b"),
        ({"status": "pending"}, "c"),
        ({"status": "failed"}, "d"),
        ({"waiting": "any"}, "bc"),
        ({"waiting": "ratelimited"}, "b"),
        ({"waiting": "Nothing"}, ""),
        ({"search": "MASS"}, "a"),
        ({"search": "other."}, "d"),
        ({"search": "team.b"}, "b"),
        ({"status": "running", "search": "a"}, "b"),
        ({"offset": 1, "limit": 2}, "dc"),
        ({"offset": 4}, ""),
    ],
)
def test_select(wanted: dict[str, object], found: str) -> None:
    assert names(**wanted) == found


def test_the_total_is_of_all_pages() -> None:
    page, total = select(ROWS, Wanted(waiting="any", limit=1))
    assert (len(page), total) == (1, 2)


def test_pages_do_not_shift_when_a_job_changes() -> None:
    rows = [row(f"job-{number:02}", created=f"2026-01-01T00:00:{number % 7:02}Z") for number in range(40)]
    first, _ = select(rows, Wanted(limit=20))
    changed = [row(each.name, created=each.created, phase="Completed", completed=4) for each in reversed(rows)]
    second, _ = select(changed, Wanted(offset=20, limit=20))
    assert {each.name for each in (*first, *second)} == {each.name for each in rows}


def test_an_item_has_the_seed_s_keys_and_types() -> None:
    told = item(row(waiting_reason="RateLimited", waiting_until="2026-11-24T11:00:00Z", finished=""), "team.song")
    seed = {
        "job_id": "team.song",
        "job_name": "score",
        "status": "running",
        "total_sheets": 4,
        "completed_sheets": 1,
        "progress_percent": 25.0,
        "created_at": "2026-11-24T10:00:00Z",
        "updated_at": "2026-11-24T10:00:01Z",
    }
    assert {key: told[key] for key in seed} == seed
    assert told["waiting"] == {"reason": "RateLimited", "until": "2026-11-24T11:00:00Z"}
    assert told["completed_at"] is None


def test_a_job_that_nobody_has_looked_at_yet() -> None:
    told = item(row(phase="", total=0, completed=0, score="", run=0), "team.song")
    assert (told["job_name"], told["progress_percent"], told["phase"], told["run"]) == ("song", 0.0, None, None)
