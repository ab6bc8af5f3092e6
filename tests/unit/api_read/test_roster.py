"""What a reader has to be told since the version it knows."""

import pytest

from marianne_api.read import roster as roster_module
from marianne_api.read.roster import Entry, Roster
from tests.unit.api_read.made import row


def told(roster: Roster, version: int) -> list[tuple[str, int, bool]] | None:
    entries = roster.since(version)
    return None if entries is None else [(entry.row.name, entry.version, entry.gone) for entry in entries]


@pytest.fixture
def roster() -> Roster:
    made = Roster()
    made.take_over([row("a"), row("b")], 10)
    return made


def test_after_the_list_there_is_nothing_to_tell(roster: Roster) -> None:
    assert told(roster, 10) == []
    assert {each.name for each in roster.rows} == {"a", "b"}


def test_changes_are_told_in_their_order_and_the_newest_of_a_job_once(roster: Roster) -> None:
    roster.change(row("b", completed=2), 11)
    roster.change(row("a", completed=2), 12)
    roster.change(row("b", completed=3), 13)
    assert told(roster, 10) == [("a", 12, False), ("b", 13, False)]
    assert told(roster, 12) == [("b", 13, False)]
    assert roster.since(12) == [Entry(row("b", completed=3), 13)]


def test_a_deleted_job_is_told_and_is_no_row_any_more(roster: Roster) -> None:
    roster.change(row("a"), 11, gone=True)
    assert told(roster, 10) == [("a", 11, True)]
    assert [each.name for each in roster.rows] == ["b"]


def test_a_bookmark_changes_nothing_but_the_version(roster: Roster) -> None:
    roster.passed(20)
    assert (roster.version, told(roster, 10), told(roster, 20)) == (20, [], [])


def test_a_second_list_tells_what_differs(roster: Roster) -> None:
    roster.take_over([row("b", phase="Completed"), row("c")], 30)
    assert told(roster, 10) == [("a", 30, True), ("b", 30, False), ("c", 30, False)]


def test_a_second_list_without_a_difference_tells_nothing(roster: Roster) -> None:
    roster.take_over([row("a"), row("b")], 30)
    assert told(roster, 10) == []


def test_a_job_that_was_made_again_while_nobody_watched_is_told(roster: Roster) -> None:
    roster.change(row("a"), 11, gone=True)
    roster.take_over([row("a"), row("b")], 30)
    assert told(roster, 11) == [("a", 30, False)]


def test_versions_before_the_first_list_and_of_another_history_are_not_known(roster: Roster) -> None:
    assert told(roster, 9) is None
    assert told(roster, 11) is None


def test_a_restored_store_begins_another_history(roster: Roster) -> None:
    roster.change(row("a", completed=3), 40)
    roster.take_over([row("a"), row("b")], 5)
    assert told(roster, 40) is None
    assert told(roster, 4) is None
    roster.change(row("b", completed=2), 6)
    assert told(roster, 5) == [("b", 6, False)]


def test_what_is_the_same_in_another_history_is_not_told_for_ever(roster: Roster) -> None:
    roster.change(row("b"), 40)
    roster.take_over([row("a"), row("b")], 5)
    assert told(roster, 5) == []


def test_the_oldest_deletions_are_forgotten(roster: Roster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roster_module, "MAX_GONE", 2)
    for version, name in enumerate(("x", "y", "z"), 11):
        roster.change(row(name), version, gone=True)
    assert told(roster, 10) is None
    assert told(roster, 11) == [("y", 12, True), ("z", 13, True)]
