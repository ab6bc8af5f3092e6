"""What the reason behind a failure does: limits, refused credentials, errors that come again, completion."""

import json

import pytest

from marianne_operator.model.instrument import InstrumentView
from marianne_operator.model.status import SheetError
from marianne_operator.plan.clock import stamp
from marianne_operator.plan.failures import QUOTA_CAP, RATE_LIMIT_CAP
from tests.unit.plan.build import CLI, NOW, after, decided, ended, job, observe, running_status, score, sheet, verdict

KEYED = InstrumentView.of(
    {
        "metadata": {"name": "cli"},
        "spec": {
            "profile": {"cli": {"command": {"executable": "agent"}}},
            "image": "agent:1",
            "credentials": [{"name": "KEY", "secretKeyRef": {"name": "model", "key": "k"}}],
        },
    }
)


def failed(reason="ExitCode", attempt=1, code=None, category=None, **told):
    if code is not None:
        told |= {"error_code": code, "error_category": category}
    return ended(1, attempt, verdict("failed", reason, attempt=attempt, **told))


def look(pod, *, before=None, instruments=(CLI,), compiled=None, **spec):
    """One look at a job of two sheets, the first of which has just ended so."""
    first = before or sheet(1, "dispatched", 1)
    seen = job(status=running_status(first, sheet(2)), **spec)
    return observe(seen, compiled or score(2, tries=4), pods=[pod], instruments=instruments)


def settled(pod, **given):
    return decided(look(pod, **given))


# ---- limits


def test_a_limit_costs_no_try_and_holds_no_pod():
    plan, status = settled(failed(code="E101", category="rate_limit", wait_seconds=1200.0))
    first = status.sheets[0]
    assert (first.state, first.normal_attempts, first.rate_limit_waits, first.quota_waits) == ("waiting", 0, 1, 0)
    assert first.next_retry_at == stamp(NOW + 1200)
    assert (status.phase, status.waiting.reason, status.waiting.until) == ("Waiting", "RateLimited", stamp(NOW + 1200))
    assert (first.error_code, first.error_category) == ("E101", "rate_limit")
    assert not plan.create and plan.look_again_at == NOW + 1200
    assert [note.reason for note in plan.notes] == ["RateLimited"]


def test_after_the_limit_the_sheet_goes_on():
    seen = look(failed(code="E101", category="rate_limit", wait_seconds=1200.0))
    plan, status = decided(after(seen, decided(seen)[0], seconds=1200))
    assert (status.sheets[0].state, status.sheets[0].attempt) == ("dispatched", 2)
    assert status.sheets[0].rate_limit_waits == 1
    assert len(plan.create) == 1


@pytest.mark.parametrize(("told", "waited"), [({}, 3600), ({"wait_seconds": 1e9}, 86400)])
def test_how_long_a_limit_is_waited_for(told, waited):
    _, status = settled(failed(code="E104", category="rate_limit", **told))
    assert status.sheets[0].next_retry_at == stamp(NOW + waited)
    assert (status.sheets[0].quota_waits, status.sheets[0].rate_limit_waits) == (1, 0)


@pytest.mark.parametrize(
    ("code", "field", "cap"), [("E101", "rate_limit_waits", RATE_LIMIT_CAP), ("E104", "quota_waits", QUOTA_CAP)]
)
def test_limits_are_waited_for_only_so_often(code, field, cap):
    for waits, reason in ((cap - 1, "RateLimited"), (cap, "LimitsExhausted")):
        before = sheet(1, "dispatched", 1, **{field: waits})
        _, status = settled(failed(code=code, category="rate_limit"), before=before)
        assert (status.sheets[0].waiting.reason, status.sheets[0].normal_attempts) == (reason, 0)
        assert getattr(status.sheets[0], field) == cap


def test_a_limit_forgets_what_failed_before_it():
    before = sheet(1, "dispatched", 1, recent_errors=[SheetError(code="E009", time=stamp(NOW))])
    assert settled(failed(code="E101", category="rate_limit"), before=before)[1].sheets[0].recent_errors == []


@pytest.mark.parametrize(("met", "waits"), [(0.0, 1), (50.0, 0), (90.0, 0)])
def test_an_answer_that_is_a_limit_is_one_only_where_nothing_was_done(met, waits):
    pod = failed("ValidationFailed", code="E101", category="rate_limit", executed_pass_percentage=met)
    first = settled(pod)[1].sheets[0]
    assert (first.rate_limit_waits, first.error_code) == (waits, "E101" if waits else "E209")


# ---- credentials


REFUSED = {"code": "E502", "category": "auth", "retriable": False}


def test_refused_credentials_stop_the_job_and_cost_nothing():
    compiled = score(2, needs={1: [], 2: []}, max_concurrent=2)
    plan, status = settled(failed(**REFUSED), instruments=[KEYED], compiled=compiled)
    first, second = status.sheets
    assert (first.state, first.normal_attempts, second.state) == ("waiting", 0, "pending")
    assert (status.phase, status.waiting.reason) == ("Waiting", "CredentialsRefused")
    assert "Secret model" in status.waiting.message and "ExitCode" in status.waiting.message
    assert not plan.create
    assert [note.reason for note in plan.notes] == ["CredentialsRefused"]


def test_time_alone_mends_no_credentials():
    seen = look(failed(**REFUSED), instruments=[KEYED])
    plan, _ = decided(after(seen, decided(seen)[0], seconds=10**6))
    assert plan.status is None and not plan.create


def test_a_pause_and_a_resume_say_that_they_are_mended():
    seen = look(failed(**REFUSED), instruments=[KEYED])
    waiting = decided(seen)[1]
    paused, status = decided(observe(job(status=waiting, paused=True), score(2), instruments=[KEYED]))
    assert (status.phase, status.sheets[0].state) == ("Paused", "pending")
    assert not paused.create
    plan, status = decided(observe(job(status=status), score(2), instruments=[KEYED]))
    assert (status.sheets[0].state, status.sheets[0].attempt, len(plan.create)) == ("dispatched", 2, 1)


def test_who_has_no_credentials_is_refused_for_good():
    plan, status = settled(failed(**REFUSED))
    assert (status.sheets[0].state, status.sheets[0].error_code) == ("failed", "E502")
    assert "no credentials" in plan.notes[0].message


# ---- errors of the instrument


def test_what_cannot_be_mended_by_another_try():
    _, status = settled(failed(code="E999", category="fatal", retriable=False))
    assert (status.sheets[0].state, status.sheets[0].normal_attempts) == ("failed", 1)


@pytest.mark.parametrize("reason", ["ValidationFailed", "PodLost", "OutOfMemory"])
def test_a_reason_that_is_known_has_no_other_behind_it(reason):
    pod = failed(reason, code="E101", category="rate_limit")
    assert settled(pod)[1].sheets[0].rate_limit_waits == 0


def test_errors_that_come_again_wait_longer_and_end_it():
    at = stamp(NOW - 100)
    for known, state, delay in (
        ([], "retry_scheduled", 10),
        (["E009"], "retry_scheduled", 40),
        (["E009"] * 2, "failed", 0),
    ):
        errors = [SheetError(code=code, time=at) for code in known]
        before = sheet(1, "dispatched", 1, normal_attempts=len(known), recent_errors=errors)
        _, status = settled(failed(code="E009", category="transient"), before=before, compiled=score(2, tries=9))
        assert status.sheets[0].state == state
        if delay:
            assert status.sheets[0].next_retry_at == stamp(NOW + delay)
            assert [each.code for each in status.sheets[0].recent_errors] == [*known, "E009"]
        else:
            assert status.sheets[0].error_message.startswith("Adaptive retry aborted: E009 came 3 times")
            assert status.sheets[0].recent_errors == []


def test_only_the_last_errors_are_kept():
    """Errors that come fast end nothing before the tries do."""
    known = [SheetError(code="E009", time=stamp(NOW))] * 5
    before = sheet(1, "dispatched", 1, normal_attempts=5, recent_errors=known)
    _, status = settled(failed(code="E001", category="timeout"), before=before, compiled=score(2, tries=9))
    assert [each.code for each in status.sheets[0].recent_errors] == ["E009"] * 4 + ["E001"]


# ---- completion


def incomplete(attempt=1, met=66.7, **told):
    return failed("ValidationFailed", attempt, executed_pass_percentage=met, confidence=0.9, passed_rules=["there"],
                  failed_rules=["missing"], pass_percentage=met, **told)  # fmt: skip


def test_most_of_it_done_is_completed_and_costs_no_try():
    seen = look(incomplete())
    plan, status = decided(seen)
    first = status.sheets[0]
    assert (first.state, first.normal_attempts, first.completion_attempts) == ("retry_scheduled", 0, 1)
    assert (first.execution_mode, first.next_retry_at) == ("completion", stamp(NOW + 5))
    plan, status = decided(after(seen, plan, seconds=5))
    told = json.loads(plan.create[0]["metadata"]["annotations"]["marianne.dev/brief"])
    assert (told["mode"], told["completion"], told["failed_rules"]) == ("completion", [1, 5], ["missing"])
    assert status.sheets[0].execution_mode == "completion"


@pytest.mark.parametrize(
    ("pod", "before"),
    [
        (incomplete(met=50.0), {}),
        (incomplete() and failed("ValidationFailed"), {}),
        (incomplete(), {"completion_attempts": 5}),
        (failed("ValidationFailed", executed_pass_percentage=90.0, confidence=0.2), {}),
    ],
    ids=["no more than the threshold", "nothing known", "used up", "nobody is sure"],
)
def test_else_all_of_it_is_done_again(pod, before):
    _, status = settled(pod, before=sheet(1, "dispatched", 1, **before))
    first = status.sheets[0]
    assert (first.state, first.normal_attempts, first.execution_mode) == ("retry_scheduled", 1, "retry")
    assert first.next_retry_at == stamp(NOW + 10)


def test_a_completion_that_was_ended_from_outside_stays_one():
    before = sheet(
        1, "dispatched", 3, completion_attempts=2, execution_mode="completion", failed_validations=["missing"]
    )
    plan, status = settled(ended(1, 3, exit_code=137), before=before)
    assert (status.sheets[0].execution_mode, status.sheets[0].completion_attempts) == ("completion", 2)
    assert '"completion":[2,5]' in plan.create[0]["metadata"]["annotations"]["marianne.dev/brief"]


def test_a_completion_that_succeeds():
    before = sheet(1, "dispatched", 2, completion_attempts=1, execution_mode="completion")
    _, status = settled(ended(1, 2, verdict(attempt=2)), before=before)
    first = status.sheets[0]
    assert (first.state, first.outcome_category, first.success_without_retry) == (
        "completed",
        "success_completion",
        False,
    )


def test_what_failed_before_decides_nothing_once_it_is_done():
    before = sheet(1, "dispatched", 2, recent_errors=[SheetError(code="E009", time=stamp(NOW))])
    assert settled(ended(1, 2, verdict(attempt=2)), before=before)[1].sheets[0].recent_errors == []


def test_when_nothing_is_left_to_try():
    before = sheet(1, "dispatched", 9, completion_attempts=5, normal_attempts=3)
    plan, status = settled(incomplete(9), before=before)
    message = "Validation failed after 4 retries and 5 completion attempts (1 validations still failing): "
    assert status.sheets[0].state == "failed"
    assert status.sheets[0].error_message.startswith(message)
    assert message in plan.notes[0].message
