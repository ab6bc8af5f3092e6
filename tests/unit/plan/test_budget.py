"""`cost_limits`: strictly beyond a cap nothing starts, what runs ends, and a raised cap lets it go on."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marianne_operator.model.status import JobStatus
from marianne_operator.plan.clock import stamp
from marianne_operator.plan.decide import decide
from tests.unit.plan.build import (
    NOW,
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
from tests.unit.plan.test_cost import PRICED

PARALLEL = {"needs": {2: []}, "max_concurrent": 2}


def limited(total=2, *, per_job=None, per_sheet=None, warn=80.0, **changes):
    limits = {"warn_at_percent": warn}
    limits |= {} if per_job is None else {"per_job": per_job}
    limits |= {} if per_sheet is None else {"per_sheet": per_sheet}
    return score(total, cost_limits=limits, **changes)


def spent(cost, outcome="completed", reason="", number=1, attempt=1):
    return ended(number, attempt, verdict(outcome, reason, number, attempt, cost_micro_usd=cost))


def look(status, compiled, *pods, **more):
    return observe(job(status=status, **more.pop("spec", {})), compiled, pods=pods, instruments=[PRICED], **more)


def test_beyond_the_jobs_cap_nothing_starts():
    plan, status = decided(look(running_status(sheet(1, "dispatched", 1), sheet(2)), limited(per_job=99), spent(100)))
    assert not plan.create and status.sheets[1].state == "pending"
    assert (status.phase, status.waiting.reason) == ("Waiting", "BudgetReached")
    assert status.waiting.message == (
        "the job has cost $0.0001, its limit is $0.0001: raise cost_limits.max_cost_per_job"
    )
    assert [note.reason for note in plan.notes] == ["BudgetReached"]
    assert status.condition("Succeeded").reason == "Waiting"


def test_exactly_the_cap_is_kept():
    plan, _ = decided(look(running_status(sheet(1, "dispatched", 1), sheet(2)), limited(per_job=100), spent(100)))
    assert len(plan.create) == 1


def test_a_job_that_is_through_is_through_whatever_it_has_cost():
    _, status = decided(look(running_status(sheet(1, "dispatched", 1)), limited(1, per_job=1, per_sheet=1), spent(100)))
    assert (status.phase, status.waiting) == ("Completed", None)


def test_what_runs_is_let_end():
    begun = running_status(sheet(1, "dispatched", 1), sheet(2, "dispatched", 1), sheet(3))
    plan, status = decided(look(begun, limited(3, per_job=99, **PARALLEL), spent(100), running(2)))
    assert not plan.delete and not plan.create
    assert (status.phase, status.waiting.reason) == ("Running", "BudgetReached")
    told = spent(50, number=2)
    plan, status = decided(look(status, limited(3, per_job=99, **PARALLEL), told))
    assert (status.phase, status.total_cost_micro_usd, plan.notes) == ("Waiting", 150, ())
    assert not plan.create


def test_an_intent_whose_pod_is_gone_is_not_made_again_beyond_the_cap():
    begun = running_status(sheet(1, "completed", 1), sheet(2, "dispatched", 1), total_cost_micro_usd=100)
    plan, status = decided(look(begun, limited(per_job=99)))
    assert not plan.create and status.phase == "Waiting"
    plan, status = decided(look(status, limited(per_job=100)))
    assert len(plan.create) == 1 and status.sheets[1].waiting is None


def test_a_raised_cap_lets_it_go_on_and_keeps_the_total():
    before = running_status(sheet(1, "dispatched", 1), sheet(2))
    _, held = decided(look(before, limited(per_job=99), spent(100)))
    plan, status = decided(look(held, limited(per_job=1000), spent(100)))
    assert len(plan.create) == 1 and (status.phase, status.waiting) == ("Running", None)
    assert status.total_cost_micro_usd == 100


def test_beyond_its_own_cap_a_sheet_that_needs_another_try_holds_the_job():
    begun = running_status(sheet(1, "dispatched", 1), sheet(2), sheet(3))
    compiled = limited(3, per_sheet=99, **PARALLEL)
    plan, status = decided(look(begun, compiled, spent(100, "failed", "ExitCode")))
    first = status.sheets[0]
    assert not plan.create and (first.state, first.waiting.reason) == ("waiting", "BudgetReached")
    assert status.waiting.message.endswith("raise cost_limits.max_cost_per_sheet")
    assert first.next_retry_at == stamp(NOW + 10)
    plan, status = decided(look(status, limited(3, per_sheet=100, **PARALLEL), now=NOW + 11))
    assert {each.state for each in status.sheets[:2]} == {"dispatched"}
    assert first.normal_attempts == status.sheets[0].normal_attempts == 1


def test_an_intent_beyond_its_sheets_lowered_cap_waits_too():
    first = sheet(1, "dispatched", 2, estimated_cost_micro_usd=100)
    plan, status = decided(look(running_status(first), limited(1, per_sheet=99)))
    assert not plan.create and (status.phase, status.sheets[0].state) == ("Waiting", "dispatched")
    plan, _ = decided(look(status, limited(1, per_sheet=100)))
    assert len(plan.create) == 1


def test_another_wait_of_the_whole_job_comes_first():
    stranger = running(1, 1, name="of-a-predecessor", owner="another-uid")
    begun = running_status(sheet(1, "completed", 1), sheet(2), total_cost_micro_usd=100)
    plan, status = decided(look(begun, limited(per_job=99), stranger))
    assert (status.waiting.reason, plan.notes) == ("PredecessorTerminating", ())


def test_a_raised_cap_does_not_cut_a_wait_short():
    begun = running_status(sheet(1, "dispatched", 1))
    _, status = decided(look(begun, limited(1, per_sheet=99), spent(100, "failed", "ExitCode")))
    plan, status = decided(look(status, limited(1, per_sheet=100), now=NOW + 1))
    assert not plan.create and (status.sheets[0].state, status.waiting.reason) == ("retry_scheduled", "Backoff")


def test_a_sheet_that_is_finished_holds_nobody():
    plan, _ = decided(look(running_status(sheet(1, "dispatched", 1), sheet(2)), limited(per_sheet=99), spent(100)))
    assert len(plan.create) == 1


def test_a_limit_that_is_taken_away_limits_nothing():
    begun = running_status(sheet(1, "dispatched", 1))
    _, status = decided(look(begun, limited(1, per_sheet=99), spent(100, "failed", "ExitCode")))
    plan, status = decided(look(status, score(1), now=NOW + 11))
    assert len(plan.create) == 1 and status.phase == "Running"


@pytest.mark.parametrize("per_job", [125, 200])
def test_it_warns_once_for_each_cap(per_job):
    compiled = limited(3, per_job=per_job, warn=50.0)
    begun = running_status(sheet(1, "dispatched", 1), sheet(2), sheet(3))
    plan, status = decided(look(begun, compiled, spent(100)))
    warned = per_job == 125
    assert [note.reason for note in plan.notes] == (["BudgetWarning"] if warned else [])
    plan, status = decided(look(status, compiled, spent(10, number=2)))
    assert [note.reason for note in plan.notes] == ([] if warned else ["BudgetWarning"])
    plan, _ = decided(look(status, limited(3, per_job=210, warn=50.0), spent(1, number=3)))
    assert [note.reason for note in plan.notes] == ["BudgetWarning"]


def test_a_pause_tells_of_no_budget_and_a_resumed_job_does():
    begun = running_status(sheet(1, "dispatched", 1), sheet(2))
    plan, status = decided(look(begun, limited(per_job=99), spent(100), spec={"paused": True}))
    assert status.phase == "Paused" and [note.reason for note in plan.notes] == ["Paused"]
    plan, status = decided(look(status, limited(per_job=99)))
    assert status.phase == "Waiting" and [note.reason for note in plan.notes] == ["BudgetReached"]


def test_a_cancelled_job_is_cancelled():
    begun = running_status(sheet(1, "completed", 1), sheet(2), total_cost_micro_usd=100)
    _, status = decided(look(begun, limited(per_job=99), spec={"cancel": True}))
    assert status.phase == "Cancelled"
    begun = running_status(sheet(1, "dispatched", 1), sheet(2), total_cost_micro_usd=100)
    plan, status = decided(look(begun, limited(per_job=99), running(1), spec={"cancel": True}))
    assert len(plan.delete) == 1 and [note.reason for note in plan.notes] == ["Cancelling"]


@pytest.mark.parametrize(
    ("limits", "cost", "total", "left"),
    [
        ({"per_job": 5_000_000}, 0, 1_250_000, 3.75),
        ({"per_job": 5_000_000, "per_sheet": 2_000_000}, 500_000, 1_250_000, 1.5),
        ({"per_sheet": 2_009_999}, None, 9_000_000, 2.0),
        ({"per_job": 100}, 0, 100, 0.01),
        ({}, 0, 100, None),
    ],
)
def test_the_brief_says_what_is_left(limits, cost, total, left):
    first = sheet(1, attempt=1, estimated_cost_micro_usd=cost)
    compiled = limited(1, **limits) if limits else score(1)
    plan, _ = decided(look(running_status(first, total_cost_micro_usd=total), compiled))
    brief = json.loads(plan.create[0]["metadata"]["annotations"]["marianne.dev/brief"])
    assert brief.get("budget_usd") == left


ENDS = st.tuples(
    st.sampled_from([("completed", ""), ("failed", "ExitCode"), ("failed", "ValidationFailed"), ("lost", "PodLost")]),
    st.integers(0, 60),
    st.booleans(),
)
EVENTS = st.one_of(ENDS, st.just("gone"), st.integers(0, 300))


@settings(max_examples=150, deadline=None)
@given(events=st.lists(EVENTS, max_size=25), per_job=st.integers(1, 200), per_sheet=st.integers(1, 120),
       needs=st.sampled_from([None, {2: []}]))  # fmt: skip
def test_no_history_starts_a_sheet_beyond_a_cap(events, per_job, per_sheet, needs):
    """Sheets end at any cost, Pods vanish, caps are raised and lowered."""
    caps = {"per_job": per_job, "per_sheet": per_sheet}
    parallel = {"needs": needs, "max_concurrent": 3, "tries": 4}
    status, now, pods = running_status(*(sheet(n) for n in range(1, 5))), NOW, {}
    for event in [None, *events]:
        if isinstance(event, int):
            caps["per_job"] = event + 1
        elif event == "gone" and pods:
            del pods[min(pods)]
        elif isinstance(event, tuple) and pods:
            (outcome, reason), cost, lowest = event
            number, attempt = min(pods.values()) if lowest else max(pods.values())
            told = verdict(outcome, reason, number, attempt, cost_micro_usd=cost)
            over = ended(number, attempt, told)
            pods = {name: each for name, each in pods.items() if each != (number, attempt)}
            status, made = _step(status, limited(4, **caps, **parallel), now, pods, caps, over)
            pods |= made
        now += 4000
        status, made = _step(status, limited(4, **caps, **parallel), now, pods, caps)
        pods |= made


def _step(status, compiled, now, pods, caps, *over):
    alive = [running(*each, name=name, since=now) for name, each in pods.items()]
    plan = decide(look(status, compiled, *alive, *over, now=now))
    status = JobStatus.model_validate(json.loads(json.dumps((plan.status or status).dump())))
    made = {}
    for each in plan.create:
        labels = each["metadata"]["labels"]
        number, attempt = int(labels["marianne.dev/sheet"]), int(labels["marianne.dev/attempt"])
        assert status.total_cost_micro_usd <= caps["per_job"]
        assert (status.sheets[number - 1].estimated_cost_micro_usd or 0) <= caps["per_sheet"]
        made[each["metadata"]["name"]] = (number, attempt)
    beyond = status.total_cost_micro_usd > caps["per_job"]
    if beyond and not status.finished:
        assert status.waiting is not None and status.waiting.reason == "BudgetReached"
    return status, made
