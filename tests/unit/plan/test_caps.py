"""Whatever happens to a sheet, in any order: no cap is exceeded, nobody pays for another, each end has a reason."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from marianne_operator.model.instrument import InstrumentView
from marianne_operator.model.status import JobStatus
from marianne_operator.plan.decide import decide
from marianne_operator.plan.diagnosis import HEALINGS
from marianne_operator.plan.failures import FAILURES, INFRASTRUCTURE_CAP, QUOTA_CAP, RATE_LIMIT_CAP
from marianne_runner.contract import CATEGORIES, ERROR_CODES
from tests.unit.plan.build import NOW, ended, job, observe, running_status, score, sheet, verdict

KEYED = InstrumentView.of(
    {
        "metadata": {"name": "cli"},
        "spec": {
            "profile": {"cli": {"command": {"executable": "bash"}}},
            "credentials": [{"name": "KEY", "secretKeyRef": {"name": "model", "key": "k"}}],
        },
    }
)
FREE = frozenset(reason for reason, each in FAILURES.items() if each.payer == "infrastructure")
CAUSES = st.fixed_dictionaries(
    {"error_code": st.sampled_from(sorted(ERROR_CODES)), "error_category": st.sampled_from(sorted(CATEGORIES))},
    optional={"retriable": st.booleans(), "wait_seconds": st.floats(0, 2**37)},
)
MET = st.fixed_dictionaries(
    {},
    optional={
        "remedies": st.just(["folder out is missing"]),
        "executed_pass_percentage": st.sampled_from([0.0, 50.0, 51.0, 100.0]),
        "confidence": st.floats(0, 1),
    },
)
ENDS = st.one_of(
    st.tuples(st.sampled_from(["ExitCode", "Signal", "Timeout"]), CAUSES),
    st.tuples(st.just("ExitCode"), st.just({"error_code": "E101", "error_category": "rate_limit"})),
    st.tuples(st.just("ValidationFailed"), MET),
    st.tuples(st.sampled_from(sorted(FAILURES)), st.just({})),
)


@settings(max_examples=150, deadline=None)
@given(ends=st.lists(ENDS, min_size=1, max_size=40), tries=st.integers(0, 6), completions=st.integers(0, 6),
       jitter=st.booleans(), fast=st.booleans(), healing=st.booleans())  # fmt: skip
def test_every_history_of_a_sheet_keeps_its_accounts(ends, tries, completions, jitter, fast, healing):
    compiled = score(1, tries=tries, completions=completions, jitter=jitter)
    status, now = running_status(sheet(1, "dispatched", 1)), NOW
    for reason, told in ends:
        before = status.sheets[0]
        outcome = "lost" if reason in FREE else "failed"
        pod = ended(1, before.attempt, verdict(outcome, reason, attempt=before.attempt, **told))
        status = _decided(status, compiled, now, [pod], selfHealing=healing)
        _accounts(before, status.sheets[0], reason, tries, completions)
        if status.sheets[0].terminal:
            assert status.completion_time is not None
            return
        now, status = _next_start(status, compiled, now + (0 if fast else 100))


def _decided(status, compiled, now, pods=(), **spec):
    plan = decide(observe(job(status=status, **spec), compiled, pods=pods, now=now, instruments=[KEYED]))
    return JobStatus.model_validate(json.loads(json.dumps((plan.status or status).dump())))


def _accounts(before, sheet, reason, tries, completions):
    assert sheet.healing_attempts <= HEALINGS
    assert sheet.normal_attempts <= max(1, tries) + sheet.healing_attempts
    assert sheet.completion_attempts <= completions
    assert sheet.infrastructure_ends <= INFRASTRUCTURE_CAP + 1
    assert sheet.rate_limit_waits <= RATE_LIMIT_CAP and sheet.quota_waits <= QUOTA_CAP
    charged = sheet.normal_attempts - before.normal_attempts
    counters = ("infrastructure_ends", "rate_limit_waits", "quota_waits", "completion_attempts")
    counted = sum(getattr(sheet, counter) - getattr(before, counter) for counter in counters)
    assert charged + counted <= 1, "one end is paid for twice"
    if reason in FREE:
        assert charged == 0, "the cluster's end burns a try"
    if sheet.error_category in ("rate_limit", "auth"):
        assert charged == 0, "a limit or a refusal burns a try"
    if not sheet.active:
        assert sheet.error_message and sheet.error_code, "an end without a reason"
    if sheet.state == "waiting":
        assert sheet.waiting is not None and sheet.waiting.message


def _next_start(status, compiled, now):
    """Whatever it waits for comes to pass: the time, or somebody who mends the credentials."""
    for _ in range(4):
        sheet = status.sheets[0]
        if sheet.active:
            return now, status
        if sheet.waiting is not None and sheet.waiting.reason == "CredentialsRefused":
            status = _decided(status, compiled, now, paused=True)
        plan = decide(observe(job(status=status), compiled, now=now, instruments=[KEYED]))
        if plan.look_again_at is not None and not plan.create:
            now = max(now, plan.look_again_at)
        status = _decided(status, compiled, now)
    raise AssertionError(f"it never starts again: {status.sheets[0]}")
