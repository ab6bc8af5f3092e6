"""What is known of a sheet's Pod goes into the status: waits, runs, lost nodes, lost Pods, Pods without an intent."""

import pytest

from marianne_operator.model.names import pod_name
from marianne_operator.plan.clock import stamp
from marianne_operator.plan.decide import decide
from marianne_operator.plan.observation import WriteRefusal
from tests.unit.plan.build import (
    NAME,
    NOW,
    UID,
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

A1 = pod_name(NAME, UID, 1, 1)


def one(state="dispatched", **spec):
    return job(status=running_status(sheet(1, state, 1)), **spec)


def names(plan):
    return [each["metadata"]["name"] for each in plan.create]


def test_an_intent_without_a_pod_is_made_again_under_the_same_name():
    for ghosts in ([], [pod()], [running()], [running(deleting_at=NOW)]):
        plan, status = decided(observe(one(), ghosts=ghosts))
        assert (names(plan), plan.recovered) == ([A1], True)
        assert status.sheets[0].attempt == 1
        assert status.sheets[0].attempt_count == 1


def test_a_pod_that_ended_and_vanished_is_accounted():
    plan, status = decided(observe(one(), ghosts=[ended(told=verdict())]))
    assert (names(plan), status.phase) == ([], "Completed")


def test_a_foreign_pods_remains_tell_nothing_of_ours():
    foreign = ended(owner="another-uid", name=A1)
    plan, status = decided(observe(one(), ghosts=[foreign]))
    assert (names(plan), status.sheets[0].infrastructure_ends) == ([A1], 0)


def test_a_pod_without_an_intent_is_adopted():
    """A status older than the Pod came back, or it was wiped."""
    plan, status = decided(observe(job(), score(2), pods=[running(1, 3)]))
    first = status.sheets[0]
    assert (first.state, first.attempt, first.pod_name) == ("in_progress", 3, running(1, 3).name)
    assert (first.instrument, first.attempt_count, first.execution_mode) == ("cli", 1, "normal")
    assert not plan.create


def test_an_adopted_pod_that_vanishes_is_made_again():
    seen = observe(job(), score(1), pods=[running(1, 3)])
    plan = decide(seen)
    lost = after(seen, plan, pods={}, ghosts={running(1, 3).name: running(1, 3)})
    plan, status = decided(lost)
    assert names(plan) == [running(1, 3).name]
    assert status.sheets[0].waiting is None


def test_the_highest_of_several_is_adopted_and_the_others_are_dismissed():
    plan, status = decided(observe(job(), score(1), pods=[running(1, 2), running(1, 4), pod(1, 3)]))
    assert status.sheets[0].attempt == 4
    assert sorted(each.name for each in plan.delete) == [running(1, 2).name, pod(1, 3).name]


def test_an_adopted_pod_that_ended_is_accounted():
    _, status = decided(observe(job(), score(2), pods=[ended(1, 2, verdict(attempt=2))]))
    assert [each.state for each in status.sheets] == ["completed", "dispatched"]


@pytest.mark.parametrize("number", [0, 3, 99])
def test_a_pod_of_no_sheet_is_nobodys(number):
    _, status = decided(observe(job(), score(2), pods=[running(number, 1, name=f"tune-x-{number}")]))
    assert [each.attempt for each in status.sheets] == [1, 0]


@pytest.mark.parametrize("state", ["completed", "failed", "skipped", "cancelled", "pending"])
def test_a_pod_whose_attempt_was_given_up_is_dismissed(state):
    """Its deletion was lost with the operator that asked for it; unscheduled, it would stay for ever."""
    begun = running_status(sheet(1, state, 1, error_code="E999" if state == "skipped" else None))
    plan, _ = decided(observe(job(status=begun, paused=True), pods=[pod()]))
    assert [(each.name, each.uid) for each in plan.delete] == [(A1, pod().uid)]


def test_a_dismissed_pod_is_not_dismissed_twice():
    begun = running_status(sheet(1, "pending", 1))
    for gone in (pod(deleting_at=NOW), ended()):
        assert not decided(observe(job(status=begun, paused=True), pods=[gone]))[0].delete


# ---- waits of a Pod


def test_a_running_sheet_is_shown_after_three_seconds():
    status = decided(observe(one()))[1]
    quiet = observe(job(status=status), pods=[running(since=NOW - 1)])
    assert (decide(quiet).status, decide(quiet).look_again_at) == (None, NOW + 2)
    _plan, status = decided(observe(job(status=status), pods=[running(since=NOW - 3)]))
    shown = status.sheets[0]
    assert (shown.state, shown.started_at, shown.pod_uid) == ("in_progress", stamp(NOW - 3), running().uid)


def test_a_write_for_another_reason_shows_it_at_once():
    begun = running_status(sheet(1, "dispatched", 1), sheet(2, "dispatched", 1))
    compiled = score(2, needs={2: []}, max_concurrent=2)
    _, status = decided(observe(job(status=begun), compiled, pods=[running(), ended(2, told=verdict(number=2))]))
    assert [each.state for each in status.sheets] == ["in_progress", "completed"]


WHY = {
    "Unschedulable": {"node": "", "unschedulable": "0/3 nodes are available: 3 Insufficient cpu."},
    "VolumeUnavailable": {"node": "", "unschedulable": "pod has unbound immediate PersistentVolumeClaims"},
    "ImagePull": {"state": {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}}},
    "SecretNotFound": {
        "state": {"waiting": {"reason": "CreateContainerConfigError", "message": 'secret "x" not found'}}
    },
}


@pytest.mark.parametrize(("reason", "how"), WHY.items())
def test_a_pod_that_does_not_start_says_why_after_ten_seconds(reason, how):
    seen = observe(one(), pods=[pod(**how)])
    plan, status = decided(seen)
    assert (status.sheets[0].waiting, plan.look_again_at) == (None, NOW + 10)
    late = after(seen, plan, seconds=10)
    plan, status = decided(late)
    assert (status.phase, status.waiting.reason, status.waiting.until) == ("Waiting", reason, stamp(NOW + 900))
    assert status.waiting.message.startswith("sheet 1: ")
    assert [note.reason for note in plan.notes] == [reason]
    started = after(late, plan, pods={A1: running(since=NOW + 10)})
    assert decided(started)[1].waiting is None


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ('FailedMount: MountVolume.SetUp failed: secret "x" not found', "SecretNotFound"),
        ("FailedAttachVolume: timed out", "VolumeUnavailable"),
    ],
)
def test_the_kubelets_events_explain_a_container_that_is_being_created(event, reason):
    creating = pod(state={"waiting": {"reason": "ContainerCreating"}})
    seen = observe(one(), pods=[creating], now=NOW + 11, pod_events={creating.uid: event})
    plan, status = decided(seen)
    assert (status.waiting.reason, plan.look_again_at) == (reason, NOW + 71)


def test_a_pod_that_never_starts_is_made_again_under_the_same_name():
    """Another attempt would pay again, if this Pod had finished while the operator could not hear of it."""
    image = {"state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}}
    seen = observe(one(), pods=[pod(**image)], now=NOW + 900)
    plan = decide(seen)
    assert [(each.name, each.uid) for each in plan.delete] == [(A1, pod().uid)]
    assert not plan.create
    assert "no such image" in plan.notes[0].message
    going = after(seen, plan, pods={A1: pod(deleting_at=NOW + 930, **image)})
    assert (decide(going).delete, decide(going).create) == ((), ())
    plan, status = decided(after(seen, plan, pods={}, ghosts={A1: pod(deleting_at=NOW + 930, **image)}))
    assert names(plan) == [A1]
    first = status.sheets[0]
    assert (first.attempt, first.normal_attempts, first.infrastructure_ends) == (1, 0, 0)


def test_neither_a_deleted_nor_a_started_pod_is_given_up():
    for alive in (pod(deleting_at=NOW + 899), running()):
        plan, status = decided(observe(one("in_progress"), pods=[alive], now=NOW + 901))
        assert (status.sheets[0].attempt, plan.delete) == (1, ())


def test_a_container_that_ended_long_after_the_start_deadline_wakes_nobody_at_once():
    """A sidecar keeps the phase Running: this spun."""
    over = pod(phase="Running", state={"terminated": {"exitCode": 0, "startedAt": stamp(NOW)}})
    plan, _ = decided(observe(one("in_progress"), pods=[over], now=NOW + 5000))
    assert plan.look_again_at is None


@pytest.mark.parametrize(("later", "deleted"), [(0.0, []), (59.0, []), (60.0, [A1])])
def test_a_pod_that_lingers_after_its_verdict_is_removed(later, deleted):
    """A container that admission put beside the sheet's keeps it; its sheet is done."""
    lingering = ended(told=verdict(), phase="Running")
    plan, status = decided(observe(one("completed"), pods=[lingering], now=NOW + later))
    assert [each.name for each in plan.delete] == deleted
    assert status.sheets[0].state == "completed"
    assert (plan.look_again_at == NOW + 60) is (not deleted)


# ---- lost nodes

LOST = {
    "terminating past its grace": running(deleting_at=NOW - 60),
    "failed with live containers": running(phase="Failed", reason="NodeLost"),
}


@pytest.mark.parametrize("lost", LOST.values(), ids=LOST)
def test_a_lost_node_is_waited_for(lost):
    plan, status = decided(observe(one(), pods=[lost]))
    assert (status.phase, status.waiting.reason, plan.delete, plan.create) == ("Waiting", "NodeLost", (), ())
    assert "spec.nodeLostPolicy: Replace" in status.waiting.message
    assert status.sheets[0].state == "dispatched"


@pytest.mark.parametrize("lost", LOST.values(), ids=LOST)
def test_replace_forces_the_deletion_and_then_makes_the_same_attempt_again(lost):
    seen = observe(one(nodeLostPolicy="Replace"), pods=[lost])
    plan = decide(seen)
    assert [(each.uid, each.grace_seconds) for each in plan.delete] == [(lost.uid, 0)]
    assert not plan.create
    plan, status = decided(after(seen, plan, pods={}, ghosts={lost.name: lost}))
    assert (names(plan), status.sheets[0].attempt) == ([A1], 1)


def test_a_terminating_pod_is_looked_at_again_when_its_node_would_be_lost():
    seen = observe(one("in_progress"), pods=[running(deleting_at=NOW + 30)])
    assert decide(seen).look_again_at == NOW + 90
    assert decide(after(seen, decide(seen), seconds=90)).status.waiting.reason == "NodeLost"


def test_a_node_that_comes_back_ends_the_wait():
    waits = decided(observe(one(), pods=[running(deleting_at=NOW - 60)]))[1]
    over = ended(told=verdict("interrupted"), exit_code=143, deleting_at=NOW - 60)
    _plan, status = decided(observe(job(status=waits), pods=[over]))
    assert (status.sheets[0].attempt, status.waiting) == (2, None)


# ---- refused creates


def refused(reason, until):
    return {A1: WriteRefusal(reason, "exceeded quota: pods=10", until)}


def test_a_quota_is_waited_for():
    seen = observe(one(), refusals=refused("QuotaExceeded", NOW + 30))
    plan, status = decided(seen)
    assert (status.phase, status.waiting.reason, status.waiting.until) == ("Waiting", "QuotaExceeded", stamp(NOW + 30))
    assert (plan.create, plan.look_again_at) == ((), NOW + 30)
    plan = decide(after(seen, plan, seconds=30))
    assert (names(plan), plan.recovered) == ([A1], True)


def test_an_instrument_that_vanished_holds_the_recreation():
    plan, status = decided(observe(one(), instruments=[]))
    assert (plan.create, status.waiting.reason) == ((), "InstrumentNotFound")


@pytest.mark.parametrize("state", ["completed", "failed", "cancelled"])
def test_a_newer_pod_of_a_finished_sheet_is_left_alone(state):
    """Only a restart may touch the sheet; and then the name is taken, and the Pod adopted."""
    begun = running_status(sheet(1, state, 1))
    plan, status = decided(observe(job(status=begun), score(1), pods=[running(1, 2)]))
    assert (status.sheets[0], plan.delete) == (begun.sheets[0], ())
