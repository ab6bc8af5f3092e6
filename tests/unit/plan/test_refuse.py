"""A job that cannot go on: what stalls it, what does not stop accounts and cancel, and a job that is over stays so."""

import pytest

from marianne_operator.plan.clock import stamp
from marianne_operator.plan.decide import decide
from marianne_operator.plan.observation import ScoreRefusal, Settings, WriteRefusal
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

INVALID = ScoreRefusal("ScoreInvalid", "sheets[2].prompt: missing; write one", stalled=True)
NOT_FOUND = ScoreRefusal("ScoreNotFound", "configmap 'scores' does not exist", stalled=False)


def told(status, kind):
    condition = status.condition(kind)
    return None if condition is None else (condition.status, condition.reason)


def blocked(reason="FieldUnsupported", number=1, until=NOW + 30):
    return {"refusals": {sheet(number, "dispatched", 1).pod_name: WriteRefusal(reason, "violates PodSecurity", until)}}


@pytest.mark.parametrize("reason", ["FieldUnsupported", "NameConflict"])
def test_a_pod_that_the_api_server_refuses_for_good_stalls_the_job(reason):
    status = running_status(sheet(1, "dispatched", 1), sheet(2))
    plan, status = decided(observe(job(status=status), **blocked(reason)))
    assert (status.phase, told(status, "Stalled")) == ("Refused", ("True", reason))
    assert not plan.create


def test_what_is_in_flight_is_accounted_before_a_refusal_stalls_the_job():
    """The other sheet's work was paid for: it must not go unseen while somebody mends the template."""
    status = running_status(sheet(1, "dispatched", 1), sheet(2, "dispatched", 1), sheet(3))
    compiled = score(3, needs={3: [1, 2]}, max_concurrent=3)
    seen = observe(job(status=status), compiled, pods=[running(2)], **blocked())
    plan, going = decided(seen)
    assert (going.phase, going.waiting.reason) == ("Running", "FieldUnsupported")
    over = observe(job(status=going), compiled, pods=[ended(2, told=verdict(number=2))], **blocked())
    plan, accounted = decide_only(over)
    assert accounted.sheets[1].state == "completed"
    assert not plan.create
    _, stalled = decided(observe(job(status=accounted), compiled, pods=over.pods.values(), **blocked()))
    assert (stalled.phase, stalled.sheets[1].state) == ("Refused", "completed")


def decide_only(seen):
    plan = decide(seen)
    return plan, plan.status


def test_a_ghost_that_ended_is_in_flight_too():
    status = running_status(sheet(1, "dispatched", 1), sheet(2))
    workspace = {"persistentVolumeClaim": {"claimName": "mine"}}
    plan, status = decide_only(
        observe(job(status=status, workspace=workspace), claim=None, ghosts=[ended(told=verdict())])
    )
    assert status.sheets[0].state == "completed"
    assert not plan.create


def test_a_wait_in_the_middle_of_a_run_is_not_reconciling():
    """Hours of work must not time out a sync."""
    workspace = {"persistentVolumeClaim": {"claimName": "mine"}}
    _, status = decided(observe(job(status=running_status(sheet(1)), workspace=workspace), claim=None))
    assert (status.phase, status.waiting.reason) == ("Waiting", "VolumeUnavailable")
    assert told(status, "Reconciling") == ("False", "Accepted")
    assert told(status, "Succeeded") == ("Unknown", "Waiting")


def finished_status(seen=None):
    seen = seen or observe(job(status=running_status(sheet(1, "dispatched", 1))), pods=[ended(told=verdict())])
    return after(seen, decide(seen)).job.status


GONE_WRONG = {
    "its claim was deleted": {"claim": None},
    "its own claim's template": {"claim": None, "stored": False},
    "its ConfigMap was deleted": {"stored": False},
    "its Pods were refused": blocked(),
    "a ceiling came": {"settings": Settings("runner:1", allowed_service_accounts=())},
}


@pytest.mark.parametrize("what", GONE_WRONG.values(), ids=GONE_WRONG)
@pytest.mark.parametrize("workspace", [{}, {"persistentVolumeClaim": {"claimName": "mine"}}], ids=["made", "given"])
def test_a_finished_job_stays_what_it_is(what, workspace):
    done = finished_status()
    spec = {"workspace": workspace, "sheetTemplate": {"serviceAccountName": "it"}}
    plan, status = decided(observe(job(status=done, **spec), **what))
    assert (plan.status, plan.ensure, plan.create, plan.notes) == (None, (), (), ())
    assert status.phase == "Completed"


@pytest.mark.parametrize("why", [INVALID, NOT_FOUND], ids=["refused", "waiting"])
def test_a_finished_job_whose_score_is_lost_stays_what_it_is(why):
    plan, status = decided(observe(job(status=finished_status(), generation=2), why))
    assert (status.phase, status.observed_generation) == ("Completed", 2)
    assert told(status, "Succeeded") == ("True", "Completed")
    assert status.condition("Succeeded").observed_generation == 2
    assert not plan.notes


@pytest.mark.parametrize("why", [INVALID, NOT_FOUND], ids=["refused", "waiting"])
def test_a_restart_that_finds_no_score_says_so(why):
    _, status = decided(observe(job(status=finished_status(), restart={"token": "b"}), why))
    assert status.phase == ("Refused" if why.stalled else "Waiting")
    assert status.run == 1


@pytest.mark.parametrize("why", [INVALID, NOT_FOUND], ids=["refused", "waiting"])
@pytest.mark.parametrize("before", ["at once", "later"])
def test_cancel_before_anything_began(why, before):
    seen = observe(job(), why)
    status = None if before == "at once" else after(seen, decide(seen)).job.status
    plan, status = decided(observe(job(status=status, cancel=True), why))
    assert (status.phase, status.waiting, status.completion_time) == ("Cancelled", None, stamp(NOW))
    assert told(status, "Succeeded") == ("False", "Cancelled")
    assert told(status, "Stalled") == ("False", "Cancelled")
    assert [note.reason for note in plan.notes] == ["Cancelled"]


def test_what_was_cancelled_before_it_began_begins_only_with_a_restart():
    cancelled = decided(observe(job(cancel=True), NOT_FOUND))[1]
    plan, status = decided(observe(job(status=cancelled, generation=2), score(2)))
    assert (status.phase, status.run, plan.create) == ("Cancelled", None, ())
    assert status.observed_generation == 2
    plan, status = decided(observe(job(status=status, generation=3, restart={"token": "a"}), score(2)))
    assert (status.phase, status.run, status.completion_time) == ("Running", 1, None)
    assert len(plan.create) == 1


CANCELLED_IN = {
    "waiting for its claim": {"claim": None},
    "above a ceiling": {"settings": Settings("runner:1", allowed_service_accounts=())},
    "refused by the API server": blocked(),
    "without its objects": {"claim": None, "stored": False},
}


@pytest.mark.parametrize("what", CANCELLED_IN.values(), ids=CANCELLED_IN)
@pytest.mark.parametrize("status", [None, running_status(sheet(1, "dispatched", 1))], ids=["new", "begun"])
def test_cancel_works_while_it_waits(what, status):
    spec = {
        "workspace": {"persistentVolumeClaim": {"claimName": "mine"}},
        "sheetTemplate": {"serviceAccountName": "it"},
    }
    plan, status = decided(observe(job(status=status, cancel=True, **spec), score(1), **what))
    assert status.phase == "Cancelled"
    assert [each.state for each in status.sheets] == ["cancelled"]
    assert not plan.create
    assert not plan.ensure


def test_a_paused_job_is_paused_though_its_pods_were_refused():
    status = running_status(sheet(1, "dispatched", 1))
    _, status = decided(observe(job(status=status, paused=True), **blocked()))
    assert status.phase == "Paused"


def test_a_job_that_is_being_deleted_is_left_alone():
    status = running_status(sheet(1, "dispatched", 1))
    plan = decide(observe(job(status=status, deleting=True, cancel=True), pods=[ended(told=verdict())]))
    assert plan == type(plan)()


@pytest.mark.parametrize("stalls", [True, False])
def test_a_deadline_comes_for_a_job_that_cannot_go_on(stalls):
    claim = {"workspace": {"persistentVolumeClaim": {"claimName": "mine"}}}
    held = blocked() if stalls else {"claim": None}
    begun = running_status(sheet(1, "dispatched", 1), sheet(2), start_time=stamp(NOW))
    seen = observe(job(status=begun, activeDeadlineSeconds=5, **({} if stalls else claim)), **held)
    plan, status = decided(seen)
    assert (status.phase, plan.look_again_at) == ("Refused" if stalls else "Waiting", NOW + 5)
    plan, status = decided(after(seen, plan, seconds=5))
    assert (status.phase, told(status, "Succeeded")) == ("Failed", ("False", "DeadlineExceeded"))
    assert not plan.create
