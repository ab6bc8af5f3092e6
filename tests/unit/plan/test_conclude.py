"""The end of every decision: phases, conditions, progress, events; the table of states of design §5."""

import pytest

from marianne_operator.model.status import Condition, Waiting
from marianne_operator.plan import conditions
from marianne_operator.plan.clock import stamp
from marianne_operator.plan.decide import decide
from tests.unit.plan.build import (
    NOW,
    after,
    decided,
    ended,
    job,
    observe,
    running,
    running_status,
    score,
    sheet,
    verdict,
)


def failed_pod(number=1, **changes):
    return ended(number, told=verdict("failed", "ExitCode", number), **changes)


STATES = {
    "running": (
        lambda: observe(job(status=running_status(sheet(1, "dispatched", 1))), pods=[running()]),
        "Running",
        {"Succeeded": ("Unknown", "Running"), "Reconciling": ("False", "Accepted"), "Stalled": ("False", "Accepted")},
    ),
    "paused": (
        lambda: observe(job(status=running_status(sheet(1)), paused=True)),
        "Paused",
        {"Succeeded": ("Unknown", "Paused"), "Reconciling": ("False", "Accepted"), "Stalled": ("False", "Accepted")},
    ),
    "waiting": (
        lambda: observe(job(status=running_status(sheet(1))), instruments=[]),
        "Waiting",
        {"Succeeded": ("Unknown", "Waiting"), "Reconciling": ("False", "Accepted"), "Stalled": ("False", "Accepted")},
    ),
    "completed": (
        lambda: observe(job(status=running_status(sheet(1, "dispatched", 1))), pods=[ended(told=verdict())]),
        "Completed",
        {"Succeeded": ("True", "Completed"), "Reconciling": ("False", "Completed"), "Stalled": ("False", "Completed")},
    ),
    "failed": (
        lambda: observe(job(status=running_status(sheet(1, "dispatched", 1))), score(1, tries=1), pods=[failed_pod()]),
        "Failed",
        {
            "Succeeded": ("False", "SheetFailed"),
            "Reconciling": ("False", "SheetFailed"),
            "Stalled": ("True", "SheetFailed"),
        },
    ),
    "workspace behind": (
        lambda: observe(
            job(status=running_status(sheet(1, "dispatched", 1))),
            pods=[ended(told=verdict("not_started", "WorkspaceBehind"))],
        ),
        "Failed",
        {
            "Succeeded": ("False", "WorkspaceBehind"),
            "Reconciling": ("False", "WorkspaceBehind"),
            "Stalled": ("True", "WorkspaceBehind"),
        },
    ),
    "cancelled": (
        lambda: observe(job(status=running_status(sheet(1)), cancel=True)),
        "Cancelled",
        {"Succeeded": ("False", "Cancelled"), "Reconciling": ("False", "Cancelled"), "Stalled": ("False", "Cancelled")},
    ),
}


@pytest.mark.parametrize(("see", "phase", "expected"), STATES.values(), ids=STATES)
def test_the_table_of_conditions(see, phase, expected):
    _, status = decided(see())
    assert status.phase == phase
    told = {each.type: (each.status, each.reason) for each in status.conditions}
    assert told == {"Accepted": ("True", "Accepted"), **expected}
    assert (status.completion_time is not None) is (phase in ("Completed", "Failed", "Cancelled"))
    assert (status.waiting is not None) is (phase == "Waiting")
    assert all(each.observed_generation == 1 for each in status.conditions)


def test_a_message_names_what_failed_and_what_was_not_run():
    begun = running_status(sheet(1, "dispatched", 1), sheet(2), sheet(3))
    _, status = decided(observe(job(status=begun), score(3, tries=1), pods=[failed_pod()]))
    message = status.condition("Stalled").message
    assert message == "sheet 1: it ended with ExitCode; not run: 2, 3"
    assert status.progress == "0/3"


def test_a_message_stays_short():
    sheets = [sheet(n, "dispatched", 1) for n in range(1, 60)]
    pods = [ended(n, told=verdict("failed", "ExitCode", n, message="x" * 900)) for n in range(1, 60)]
    compiled = score(59, needs={2: []}, max_concurrent=20, tries=1)
    status = decide(observe(job(status=running_status(*sheets)), compiled, pods=pods)).status
    assert len(status.condition("Stalled").message) <= 1024


def test_progress_counts_what_satisfies():
    sheets = [sheet(1, "completed", 1), sheet(2, "skipped", 1), sheet(3, "skipped", error_code="E999"), sheet(4)]
    status = running_status(*sheets)
    assert (
        decided(observe(job(status=status, paused=True), score(4, needs={2: []}, max_concurrent=2)))[1].progress
        == "2/4"
    )


def test_cancel_of_a_job_that_had_already_failed_is_cancelled():
    status = running_status(sheet(1, "failed", 1, error_message="x"), sheet(2))
    compiled = score(2, needs={2: []}, max_concurrent=2)
    assert decided(observe(job(status=status, cancel=True), compiled))[1].phase == "Cancelled"


def test_cancel_that_came_too_late_to_stop_anything():
    status = running_status(sheet(1, "dispatched", 1))
    _, status = decided(observe(job(status=status, cancel=True), pods=[ended(told=verdict())]))
    assert status.phase == "Completed"


def test_the_lowest_waiting_sheet_speaks():
    compiled = score(3, needs={3: []}, max_concurrent=3, instruments={2: "absent", 3: "missing"})
    begun = running_status(sheet(1, "completed", 1), sheet(2), sheet(3))
    plan, status = decided(observe(job(status=begun), compiled))
    assert status.waiting.message.startswith("sheet 2: instrument 'absent'")
    assert len(plan.notes) == 1


def test_a_sheet_that_keeps_all_others_back_speaks_before_them():
    """A limit that is long over would hide for ever what somebody has to mend."""
    limit = Waiting(reason="RateLimited", since=stamp(NOW - 60), until=stamp(NOW - 30))
    refused = Waiting(reason="CredentialsRefused", since=stamp(NOW - 50), message="mend Secret key")
    begun = running_status(sheet(1, "waiting", waiting=limit), sheet(2, "waiting", 1, waiting=refused))
    plan, status = decided(observe(job(status=begun), score(2, needs={2: []}, max_concurrent=2)))
    assert (status.phase, status.waiting.reason) == ("Waiting", "CredentialsRefused")
    assert [note.reason for note in plan.notes] == ["CredentialsRefused"]


def test_a_job_that_moves_is_running_though_a_sheet_waits():
    compiled = score(2, needs={2: []}, max_concurrent=2, instruments={2: "absent"})
    begun = running_status(sheet(1, "in_progress", 1), sheet(2))
    _, status = decided(observe(job(status=begun), compiled, pods=[running()]))
    assert (status.phase, status.waiting.reason) == ("Running", "InstrumentNotFound")


def test_since_stays_while_the_reason_stays():
    seen = observe(job(status=running_status(sheet(1))), instruments=[])
    plan = decide(seen)
    later = decided(after(seen, plan, seconds=50))
    assert later[0].status is None
    assert later[1].waiting.since == stamp(NOW)


def test_silence_after_the_end():
    seen = observe(job(status=running_status(sheet(1, "dispatched", 1))), pods=[ended(told=verdict())])
    plan = decide(seen)
    for later in (0, 60, 86_400):
        quiet = decide(after(seen, plan, seconds=later))
        assert quiet == type(quiet)()


# ---- transition times


def test_a_transition_time_changes_only_with_the_status():
    first = conditions.merge([], [("A", "True", "One", "")], 1, NOW)
    same = conditions.merge(first, [("A", "True", "Two", "more")], 2, NOW + 9)
    assert same == [
        Condition(
            type="A",
            status="True",
            reason="Two",
            message="more",
            last_transition_time=stamp(NOW),
            observed_generation=2,
        )
    ]
    moved = conditions.merge(same, [("A", "False", "Three", "")], 2, NOW + 10)
    assert moved[0].last_transition_time == stamp(NOW + 10)


def test_conditions_that_are_not_told_stay_and_order_stays():
    first = conditions.merge([], [("A", "True", "One", ""), ("B", "True", "One", "")], 1, NOW)
    second = conditions.merge(first, [("B", "False", "Two", ""), ("C", "Unknown", "New", "")], 1, NOW + 1)
    assert [(each.type, each.status) for each in second] == [("A", "True"), ("B", "False"), ("C", "Unknown")]
    assert second[0] == first[0]


def test_a_long_message_is_cut():
    assert len(conditions.merge([], [("A", "True", "One", "x" * 9000)], 1, NOW)[0].message) == 4096
