"""What ends a wait, and the exit code that says how: a row for each phase and goal."""

import pytest

from kubectl_marianne.verdict import Goal, ended, verdict, worst


def job(phase: str | None, seen: int = 1, message: str = "") -> dict:
    status: dict = {"observedGeneration": seen, "progress": "1/2"} | ({"phase": phase} if phase else {})
    status["conditions"] = [{"type": "Accepted", "message": "no"}, {"type": "Succeeded", "message": message}]
    return {"metadata": {"generation": 1}, "status": status}


TABLE: list[tuple[str | None, Goal, int | None]] = [
    (None, "completed", None),
    ("Pending", "completed", None),
    ("Running", "completed", None),
    ("Waiting", "completed", None),
    ("Completed", "completed", 0),
    ("Failed", "completed", 10),
    ("Refused", "completed", 10),
    ("Cancelled", "completed", 11),
    ("Paused", "completed", 12),
    ("PausedAtChain", "completed", 12),
    ("Running", "paused", None),
    ("Paused", "paused", 0),
    ("Completed", "paused", 1),
    ("Failed", "paused", 10),
    ("Cancelled", "paused", 11),
    ("Refused", "paused", 10),
    ("Paused", "finished", None),
    ("Completed", "finished", 0),
    ("Failed", "finished", 0),
    ("Cancelled", "finished", 0),
    ("Refused", "finished", 10),
    ("Paused", "resumed", None),
    ("Waiting", "resumed", 0),
    ("Running", "resumed", 0),
    ("Completed", "resumed", 0),
    ("Refused", "resumed", 10),
]


@pytest.mark.parametrize(("phase", "goal", "code"), TABLE)
def test_what_ends_a_wait(phase: str | None, goal: Goal, code: int | None) -> None:
    found = verdict(job(phase), goal)
    assert (found.code if found else None) == code


def test_what_was_said_of_an_older_spec_counts_for_nothing() -> None:
    assert verdict(job("Failed", seen=0), "completed") is None
    assert verdict({"metadata": {"generation": 1}}, "completed") is None


def test_it_says_why() -> None:
    failed, completed = verdict(job("Failed", message="sheet 2: exit 1"), "completed"), ended(job("Completed"))
    assert failed is not None
    assert failed.told == "Failed 1/2: sheet 2: exit 1"
    assert completed is not None
    assert completed.told == "Completed 1/2"


def test_a_pause_is_no_end() -> None:
    assert ended(job("Paused")) is None
    assert ended(job("Cancelled")) is not None


def test_of_several_the_first_that_is_not_well_decides() -> None:
    found = [verdict(job(phase), "completed") for phase in ("Completed", "Cancelled", "Failed")]
    assert worst([each for each in found if each]) == 11
    assert worst([each for each in found[:1] if each]) == 0
