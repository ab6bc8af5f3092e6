"""How long a provider's limit is waited for, how often, and what a job tells of it to the others."""

import pytest

from marianne_operator.model.status import InstrumentRecord
from marianne_operator.plan.clock import stamp
from marianne_operator.plan.observation import WriteRefusal
from marianne_operator.plan.standing import Probe, Standing, marks_of
from tests.unit.plan.build import NOW, after, decided, ended, job, observe, running_status, score, sheet, verdict

SLOW = {"wait_minutes": 10, "max_waits": 2, "max_quota_waits": 1}


def limited(compiled=None, code="E101", **told):
    """One look at a sheet that has just met a limit; `waits`: as it has before."""
    waits = told.pop("waits", {})
    first = sheet(1, "dispatched", 1, **waits)
    said = verdict("failed", "ExitCode", error_code=code, error_category="rate_limit", exit_reason="error", **told)
    seen = job(status=running_status(first, sheet(2)))
    return observe(seen, compiled or score(2, needs={}, max_concurrent=2), pods=[ended(1, 1, said)])


@pytest.mark.parametrize(
    ("told", "waited"),
    [
        ({"resets_at": NOW + 20.5}, 20.5),
        ({"resets_at": NOW + 20.5, "wait_seconds": 300.0}, 20.5),
        ({"resets_at": NOW - 1000}, 5),
        ({"resets_at": NOW + 1e9}, 86400),
        ({"wait_seconds": 300.0}, 300),
        ({}, 600),
    ],
)
def test_the_end_of_a_limit(told, waited):
    compiled = score(2, needs={}, max_concurrent=2, rate_limit=SLOW)
    _, status = decided(limited(compiled, **told))
    assert [each.waiting.until for each in status.sheets] == [stamp(NOW + waited)] * 2
    assert [each.rate_limit_waits for each in status.sheets] == [1, 0]


@pytest.mark.parametrize(("code", "waits"), [("E101", {"rate_limit_waits": 2}), ("E104", {"quota_waits": 1})])
def test_after_too_many_a_person_is_asked_and_then_it_counts_anew(code, waits):
    compiled = score(2, needs={}, max_concurrent=2, rate_limit=SLOW)
    seen = limited(compiled, code, waits=waits)
    plan, status = decided(seen)
    assert status.sheets[0].waiting.reason == status.waiting.reason == "LimitsExhausted"
    assert "pause the job and resume it" in status.waiting.message and not plan.create
    held = after(seen, plan, seconds=10**6)
    assert not decided(held)[0].create, "it is not the clock that is waited for"
    paused = after(held, decided(held)[0])
    paused = observe(job(status=paused.job.status, paused=True), compiled, now=paused.now)
    plan, status = decided(paused)
    resumed = observe(job(status=status), compiled, now=paused.now)
    plan, status = decided(resumed)
    assert (status.sheets[0].state, status.sheets[0].quota_waits, status.sheets[0].rate_limit_waits) == (
        "dispatched",
        0,
        0,
    )


def test_a_sheet_that_waits_tells_of_the_limit_even_where_none_of_its_job_has_met_it():
    waiting = {"reason": "RateLimited", "since": stamp(NOW), "until": stamp(NOW + 60)}
    held = sheet(1).model_validate({"num": 1, "state": "waiting", "instrument": "My_Cli", "waiting": waiting})
    assert marks_of([], [held], paused=False) == {"my-cli": Standing(until=NOW + 60)}


@pytest.mark.parametrize(
    ("state", "paused", "probes"),
    [
        ("dispatched", False, (Probe(NOW, False),)),
        ("dispatched", True, ()),
        ("in_progress", True, (Probe(NOW, True),)),
        ("completed", False, ()),
    ],
)
def test_who_tries(state, paused, probes):
    tried = sheet(1, state, 1, probe_since=stamp(NOW))
    found = marks_of([], [tried], paused=paused)
    assert found.get("cli", Standing()).probes == probes


def test_one_whose_pod_cannot_start_does_not_try():
    waiting = {"reason": "Unschedulable", "since": stamp(NOW)}
    stuck = sheet(1, "dispatched", 1, probe_since=stamp(NOW))
    stuck = stuck.model_validate({**stuck.model_dump(), "waiting": waiting})
    assert marks_of([], [stuck], paused=False) == {}


def test_one_whose_pod_is_refused_does_not_keep_the_others_waiting():
    """Nobody may mend its job for days."""
    begun = running_status(sheet(1, "dispatched", 1, probe_since=stamp(NOW)))
    why = WriteRefusal("FieldUnsupported", "violates PodSecurity", until=NOW + 60)
    _, status = decided(observe(job(status=begun), refusals={begun.sheets[0].pod_name: why}))
    assert (status.phase, status.sheets[0].state) == ("Refused", "dispatched")
    assert marks_of(status.instruments, status.sheets, paused=False) == {}


def test_marks_add_up():
    one, two = Standing(5.0, 1.0, (Probe(3.0, True),)), Standing(4.0, 2.0, (Probe(1.0, False),), taken=True)
    assert one.beside(two) == two.beside(one) == Standing(5.0, 2.0, (Probe(1.0, False), Probe(3.0, True)), taken=True)


def test_a_record_tells_of_limits_that_nobody_waits_for():
    record = InstrumentRecord(instrument="cli", limited_until=stamp(NOW + 5), unlimited_at=stamp(NOW))
    assert marks_of([record], [], paused=False) == {"cli": Standing(NOW + 5, NOW)}
