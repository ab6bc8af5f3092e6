"""The verbs: delete > cancel > deadline > restart > pause > run, in every state that a job can be in."""

import pytest

from marianne_operator.plan.clock import stamp
from marianne_operator.plan.control import CANCEL_NOW_GRACE_SECONDS
from marianne_operator.plan.decide import decide
from tests.unit.plan.build import (
    NOW,
    after,
    decided,
    ended,
    job,
    observe,
    pod,
    running,
    running_status,
    score,
    sheet,
    verdict,
)

INTERRUPT = {"paused": True, "pausePolicy": "Interrupt"}


def states(status):
    return [each.state for each in status.sheets]


def two(*, first="dispatched", **spec):
    """A job of two sheets whose first is in this state."""
    return job(status=running_status(sheet(1, first, 1), sheet(2)), **spec)


def test_cancel_stops_what_runs_and_starts_nothing():
    plan, status = decided(observe(two(cancel=True), pods=[running()]))
    assert [(each.name, each.uid, each.grace_seconds) for each in plan.delete] == [
        (running().name, running().uid, None)
    ]
    assert (states(status), plan.create) == (["in_progress", "cancelled"], ())
    assert status.ending.reason == "Cancelled"
    assert [(note.type, note.reason) for note in plan.notes] == [("Normal", "Cancelling")]
    assert status.completion_time is None


def test_cancel_now_has_no_patience():
    plan, _ = decided(observe(two(cancel=True, cancelPolicy="Now"), pods=[running()]))
    assert [each.grace_seconds for each in plan.delete] == [CANCEL_NOW_GRACE_SECONDS]


def test_a_cancel_that_lost_its_patience_shortens_the_grace():
    status = decided(observe(two(cancel=True), pods=[running()]))[1]
    impatient = job(status=status, cancel=True, cancelPolicy="Now")
    plan, _ = decided(observe(impatient, pods=[running(deleting_at=NOW + 30)]))
    assert [each.grace_seconds for each in plan.delete] == [CANCEL_NOW_GRACE_SECONDS]
    plan, _ = decided(observe(impatient, pods=[running(deleting_at=NOW + CANCEL_NOW_GRACE_SECONDS)]))
    assert not plan.delete


def test_a_pod_that_is_being_deleted_is_not_deleted_again():
    for spec in ({"cancel": True}, INTERRUPT):
        assert not decided(observe(two(**spec), pods=[running(deleting_at=NOW + 30)]))[0].delete


def test_cancel_is_latched():
    status = decided(observe(two(cancel=True), pods=[running()]))[1]
    plan, status = decided(observe(job(status=status, generation=2), pods=[ended(exit_code=143, deleting_at=NOW)]))
    assert states(status) == ["cancelled", "cancelled"]
    assert (status.phase, status.completion_time) == ("Cancelled", stamp(NOW))
    assert not plan.create


@pytest.mark.parametrize("first", ["pending", "waiting", "retry_scheduled", "dispatched", "in_progress"])
def test_cancel_ends_at_once_what_has_no_pod(first):
    plan, status = decided(observe(two(first=first, cancel=True)))
    assert states(status) == ["cancelled", "cancelled"]
    assert status.phase == "Cancelled"
    assert not plan.delete


def test_cancel_of_a_failing_sheet_keeps_its_error():
    begun = running_status(sheet(1, "retry_scheduled", 1, error_message="tests fail", next_retry_at=stamp(NOW + 9)))
    status = decided(observe(job(status=begun, cancel=True)))[1]
    assert (status.sheets[0].error_message, status.sheets[0].next_retry_at) == ("tests fail", None)


def finished(first=None, **spec):
    """A job of two sheets, both over; the second completed."""
    compiled = score(2, tries=1)
    pods = [first or ended(told=verdict()), ended(2, told=verdict(number=2))]
    begun = running_status(sheet(1, "dispatched", 1), sheet(2, "dispatched", 1))
    status = decided(observe(job(status=begun, **spec), compiled, pods=pods))[1]
    assert status.finished
    return status


def test_cancel_after_the_end_changes_nothing():
    status = finished()
    plan, after_cancel = decided(observe(job(status=status, cancel=True, generation=2)))
    assert after_cancel.phase == "Completed"
    assert after_cancel.ending is None
    assert not plan.notes


def test_a_deadline_ends_the_run():
    seen = observe(two(activeDeadlineSeconds=100), pods=[running()])
    plan, status = decided(seen)
    assert (status.ending, plan.look_again_at is not None) == (None, True)
    assert decide(after(seen, plan)).look_again_at == NOW + 40, "the run began a minute ago"
    late = after(seen, plan, seconds=40)
    plan, status = decided(late)
    assert status.ending.reason == "DeadlineExceeded"
    assert [note.reason for note in plan.notes] == ["DeadlineExceeded"]
    assert len(plan.delete) == 1
    over = after(late, plan, pods={running().name: ended(exit_code=143, deleting_at=NOW)})
    _, status = decided(over)
    assert (status.phase, states(status)) == ("Failed", ["cancelled", "cancelled"])
    assert status.condition("Succeeded").reason == "DeadlineExceeded"
    assert status.condition("Stalled").status == "True"


def test_a_deadline_counts_from_the_runs_own_start():
    status = finished(ended(told=verdict("failed", "Timeout")), activeDeadlineSeconds=100)
    seen = job(status=status, activeDeadlineSeconds=100, restart={"token": "a"})
    _, status = decided(observe(seen, score(2), now=NOW + 1000))
    assert (status.run, status.ending, status.start_time) == (2, None, stamp(NOW + 1000))


def test_cancel_beats_the_deadline():
    status = decided(observe(two(cancel=True, activeDeadlineSeconds=1), pods=[running()]))[1]
    assert status.ending.reason == "Cancelled"


def test_a_deadline_beats_pause():
    status = decided(observe(two(paused=True, activeDeadlineSeconds=1), pods=[running()]))[1]
    assert status.ending.reason == "DeadlineExceeded"
    assert states(status) == ["in_progress", "cancelled"]


def test_pause_starts_nothing():
    plan, status = decided(observe(two(first="pending", paused=True)))
    assert (status.phase, states(status), plan.create) == ("Paused", ["pending", "pending"], ())
    assert status.condition("Succeeded").reason == "Paused"
    assert [(note.type, note.reason) for note in plan.notes] == [("Normal", "Paused")]


def test_a_job_can_be_born_paused():
    plan, status = decided(observe(job(paused=True), score(2)))
    assert (status.phase, status.run, plan.create) == ("Paused", 1, ())


def test_drain_lets_running_sheets_end_and_then_is_paused():
    seen = observe(two(paused=True), pods=[running()])
    plan, status = decided(seen)
    assert (status.phase, status.waiting.reason, plan.delete) == ("Running", "Draining", ())
    plan, status = decided(after(seen, plan, pods={running().name: ended(told=verdict())}))
    assert (status.phase, states(status)) == ("Paused", ["completed", "pending"])


def test_interrupt_stops_running_sheets_and_resume_goes_on_at_the_same_one():
    seen = observe(two(**INTERRUPT), pods=[running()])
    plan, status = decided(seen)
    assert [each.grace_seconds for each in plan.delete] == [None]
    stopped = ended(told=verdict("interrupted"), exit_code=143, deleting_at=NOW)
    _, status = decided(after(seen, plan, pods={running().name: stopped}))
    assert (status.phase, states(status)) == ("Paused", ["pending", "pending"])
    plan, status = decided(observe(job(status=status), pods=[stopped]))
    assert (status.phase, states(status)) == ("Running", ["dispatched", "pending"])
    assert status.sheets[0].attempt == 2
    assert [note.reason for note in plan.notes] == ["Resumed"]


def test_interrupt_of_a_pod_that_had_not_started_is_paused_at_once():
    """Its intent stays, and is made again after the pause: nothing ran, so nothing is lost."""
    status = decided(observe(two(**INTERRUPT), pods=[pod()]))[1]
    plan, status = decided(observe(job(status=status, **INTERRUPT), ghosts=[pod(deleting_at=NOW)]))
    assert (status.phase, states(status)) == ("Paused", ["dispatched", "pending"])
    plan, status = decided(observe(job(status=status)))
    assert [each["metadata"]["name"][-6:] for each in plan.create] == ["-s1-a1"]
    assert plan.recovered


@pytest.mark.parametrize("waits", ["InstrumentNotFound", "WorkspaceUnusable", "Backoff"])
def test_a_paused_job_with_a_waiting_sheet_is_silent(waits):
    from marianne_operator.model.status import Waiting

    first = {
        "InstrumentNotFound": sheet(1, "waiting", waiting=Waiting(reason=waits, since=stamp(NOW))),
        "WorkspaceUnusable": sheet(1, "waiting", 1, waiting=Waiting(reason=waits, since=stamp(NOW))),
        "Backoff": sheet(1, "retry_scheduled", 1, next_retry_at=stamp(NOW + 5)),
    }[waits]
    plan, status = decided(observe(job(status=running_status(first, sheet(2)), paused=True)))
    assert (status.phase, status.waiting) == ("Paused", None)
    assert [note.reason for note in plan.notes] == ["Paused"]


def test_pause_lets_a_sheet_that_ended_be_accounted():
    _, status = decided(observe(two(paused=True), pods=[ended(told=verdict())]))
    assert (states(status), status.phase) == (["completed", "pending"], "Paused")


def test_a_paused_job_whose_last_sheet_ends_is_completed():
    begun = running_status(sheet(1, "dispatched", 1))
    assert decided(observe(job(status=begun, paused=True), pods=[ended(told=verdict())]))[1].phase == "Completed"


PAIRS = {
    "cancel over pause": ({"cancel": True, "paused": True}, "Cancelled"),
    "cancel over an interrupting pause": ({"cancel": True, **INTERRUPT}, "Cancelled"),
    "cancel over restart": ({"cancel": True, "restart": {"token": "a"}}, "Cancelled"),
    "cancel over deadline": ({"cancel": True, "activeDeadlineSeconds": 1}, "Cancelled"),
    "deadline over pause": ({"activeDeadlineSeconds": 1, "paused": True}, "Failed"),
    "deadline over restart": ({"activeDeadlineSeconds": 1, "restart": {"token": "a"}}, "Running"),
    "restart over pause": ({"restart": {"token": "a"}, "paused": True}, "Paused"),
}


@pytest.mark.parametrize(("spec", "phase"), PAIRS.values(), ids=PAIRS)
@pytest.mark.parametrize("first", ["pending", "waiting", "retry_scheduled"])
def test_pairs_of_verbs_while_no_pod_lives(first, spec, phase):
    _, status = decided(observe(two(first=first, **spec)))
    assert status.phase == phase


@pytest.mark.parametrize("verbs", [spec for spec, _ in PAIRS.values()], ids=PAIRS)
@pytest.mark.parametrize("state", ["pending", "running", "terminating"])
def test_pairs_of_verbs_start_nothing_while_a_pod_lives(state, verbs):
    alive = {"pending": pod(), "running": running(), "terminating": running(deleting_at=NOW)}[state]
    plan, status = decided(observe(two(**verbs), pods=[alive]))
    assert not plan.create
    assert status.sheets[0].state in ("dispatched", "in_progress")


@pytest.mark.parametrize("verbs", [{"cancel": True}, {"paused": True}, INTERRUPT, {"restart": {"token": "a"}}])
@pytest.mark.parametrize("end", ["Completed", "Failed", "Cancelled"])
def test_verbs_on_a_finished_job(end, verbs):
    status = {
        "Completed": finished,
        "Failed": lambda: finished(ended(told=verdict("failed", "Timeout"))),
        "Cancelled": lambda: decided(observe(two(first="pending", cancel=True)))[1],
    }[end]()
    plan, now = decided(observe(job(status=status, generation=2, **verbs), score(2)))
    if "restart" in verbs:
        assert now.run == 2
    else:
        assert (now.phase, now.completion_time, plan.create, plan.notes) == (end, status.completion_time, (), ())


def test_pause_that_flaps_costs_the_sheet_nothing():
    status = two().status
    for attempt in range(1, 11):
        stopped = ended(1, attempt, verdict("interrupted", attempt=attempt), exit_code=143, deleting_at=NOW)
        status = decided(observe(job(status=status, **INTERRUPT), pods=[stopped]))[1]
        status = decided(observe(job(status=status), pods=[stopped]))[1]
    assert (status.sheets[0].state, status.sheets[0].attempt) == ("dispatched", 11)
    assert (status.sheets[0].normal_attempts, status.sheets[0].infrastructure_ends) == (0, 0)
