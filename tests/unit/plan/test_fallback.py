"""Another instrument plays: for which reasons, with what forgotten, and never in a circle."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marianne_operator.model.instrument import InstrumentView
from marianne_operator.model.status import InstrumentRecord, Waiting
from marianne_operator.plan.clock import stamp
from marianne_operator.plan.failures import INFRASTRUCTURE_CAP, QUOTA_CAP, RATE_LIMIT_CAP
from tests.unit.plan.build import CLI, NOW, after, decided, ended, job, observe, running_status, score, sheet, verdict

CHAIN = ["second", "third"]


def instrument(name, *, secret=None, executable="bash"):
    credentials = [{"name": "KEY", "secretKeyRef": {"name": secret, "key": "k"}}] if secret else []
    profile = {"cli": {"command": {"executable": executable}}}
    return InstrumentView.of({"metadata": {"name": name}, "spec": {"profile": profile, "credentials": credentials}})


SECOND, THIRD = instrument("second"), instrument("third")
EVERY = (CLI, SECOND, THIRD)
LIMIT = {"error_code": "E101", "error_category": "rate_limit", "retriable": True, "wait_seconds": 100.0}
AUTH = {"error_code": "E102", "error_category": "auth", "retriable": False}


def settled(told, *, before=None, instruments=EVERY, tries=1, chain=CHAIN, total=1):
    """(the plan, sheet 1) after its attempt has ended so."""
    first = before or sheet(1, "dispatched", 1)
    told["attempt"] = first.attempt
    status = running_status(first, *(sheet(number) for number in range(2, total + 1)))
    compiled = score(total, tries=tries, fallbacks={1: chain})
    pods = [ended(1, first.attempt, told)]
    plan, status = decided(observe(job(status=status), compiled, pods=pods, instruments=instruments))
    return plan, status.sheets[0]


def failed(reason="ExitCode", **changes):
    return verdict("failed", reason, **changes)


def brief(plan):
    return json.loads(plan.create[0]["metadata"]["annotations"]["marianne.dev/brief"])


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (failed(**LIMIT), "rate_limit"),
        (failed(**AUTH), "auth_failure"),
        (failed(), "execution_failed"),
        (failed("Timeout"), "execution_timeout"),
        (failed("Timeout", error_code="E006", error_category="timeout", retriable=True), "execution_stale"),
        (failed("Signal"), "execution_crashed"),
        (failed("OutOfMemory"), "execution_failed"),
        (failed("InstrumentMissing"), "execution_failed"),
        (failed("ValidationFailed", pass_percentage=0.0), "validation_failed"),
        (failed("ValidationFailed", pass_percentage=20.0, executed_pass_percentage=20.0), "validation_incomplete"),
    ],
)
def test_why(told, reason):
    before = sheet(1, "dispatched", 1, completion_attempts=2, execution_mode="completion", model="m")
    plan, first = settled(told, before=before)
    (record,) = first.instrument_fallbacks
    assert (record.from_, record.to, record.reason, record.time) == ("cli", "second", reason, stamp(NOW))
    assert (first.state, first.attempt, first.instrument, first.model) == ("dispatched", 2, "second", None)
    assert (first.normal_attempts, first.completion_attempts, first.execution_mode) == (0, 0, "normal")
    assert (first.rate_limit_waits, first.recent_errors) == (0, [])
    assert [note.reason for note in plan.notes] == ["InstrumentFallback"]
    assert "'cli'" in plan.notes[0].message
    assert "'second'" in plan.notes[0].message


@pytest.mark.parametrize("reason", ["TemplateInvalid", "WorkspaceBehind"])
def test_what_no_other_instrument_mends_fails(reason):
    _, first = settled(failed(reason))
    assert (first.state, first.instrument_fallbacks) == ("failed", [])


def test_the_next_attempt_is_told_who_plays():
    plan, first = settled(failed())
    told = brief(plan)
    assert (told["instrument"], told["performer"], told["mode"]) == ("second", 1, "normal")
    assert told["profile"] == dict(SECOND.spec.profile)
    own, _ = decided(observe(job(status=running_status(sheet(1))), score(1, fallbacks={1: CHAIN}), instruments=EVERY))
    assert "performer" not in brief(own)
    assert brief(own)["digest"] != told["digest"]
    assert first.fallback == 1


def test_a_pod_that_was_lost_comes_back_with_the_same_instrument():
    first = sheet(1, "dispatched", 2, instrument="second", fallback=1)
    seen = observe(job(status=running_status(first)), score(1, fallbacks={1: CHAIN}), instruments=EVERY)
    plan, _ = decided(seen)
    assert (brief(plan)["instrument"], brief(plan)["performer"]) == ("second", 1)


def test_nothing_of_the_first_is_left_while_the_job_is_paused():
    before = sheet(1, "dispatched", 1, model="m")
    seen = observe(
        job(status=running_status(before), paused=True),
        score(1, tries=1, fallbacks={1: CHAIN}),
        pods=[ended(1, 1, failed())],
        instruments=EVERY,
    )
    (first,) = decided(seen)[1].sheets
    assert (first.state, first.instrument, first.model) == ("pending", "second", None)


def test_the_same_program_configured_otherwise_is_other_work():
    """Its inputs differ, so what the ledger holds of the one is never taken for the other's."""
    compiled = score(1, fallbacks={1: CHAIN})
    compiled["performers"][2] = compiled["performers"][1] | {"config": {"a": 1}}
    digests = set()
    for place in (1, 2):
        first = sheet(1, "dispatched", 2, instrument="second", fallback=place)
        plan, _ = decided(observe(job(status=running_status(first)), compiled, instruments=EVERY))
        digests.add(brief(plan)["digest"])
    assert len(digests) == 2


def test_tries_that_are_left_are_used_first():
    _, first = settled(failed(), tries=2)
    assert (first.state, first.fallback) == ("retry_scheduled", 0)


def test_the_end_of_the_chain_is_the_end():
    plan, first = settled(failed(), before=sheet(1, "dispatched", 3, instrument="third", fallback=2))
    assert (first.state, first.fallback) == ("failed", 2)
    assert [note.reason for note in plan.notes] == ["SheetFailed"]


def test_at_the_end_of_the_chain_a_limit_is_waited_for():
    _, first = settled(failed(**LIMIT), before=sheet(1, "dispatched", 3, instrument="third", fallback=2))
    assert (first.state, first.waiting.reason, first.rate_limit_waits) == ("waiting", "RateLimited", 1)


def test_what_is_not_there_is_passed_over():
    _, first = settled(failed(), instruments=(CLI, THIRD))
    assert (first.instrument, first.fallback) == ("third", 2)
    assert [each.to for each in first.instrument_fallbacks] == ["third"]


def test_without_anybody_left_it_fails():
    _, first = settled(failed(), instruments=(CLI,))
    assert first.state == "failed"


def starts(*sheets, instruments=EVERY, total=1, **more):
    seen = observe(
        job(status=running_status(*sheets)), score(total, fallbacks={1: CHAIN}, **more), instruments=instruments
    )
    return decided(seen)


@pytest.mark.parametrize("instruments", [(SECOND, THIRD), (instrument("cli", executable="codex"), SECOND)])
def test_an_instrument_that_is_not_there_is_not_waited_for(instruments):
    plan, status = starts(sheet(1), instruments=instruments)
    first = status.sheets[0]
    assert (first.state, first.instrument) == ("dispatched", "second")
    assert first.instrument_fallbacks[0].reason == "unavailable"
    assert brief(plan)["instrument"] == "second"


def test_where_nobody_is_there_the_first_is_waited_for_and_heals():
    _, status = starts(sheet(1), instruments=())
    first = status.sheets[0]
    assert (first.state, first.waiting.reason, first.fallback) == ("waiting", "InstrumentNotFound", 0)
    assert "'cli'" in first.waiting.message
    _, status = starts(first, instruments=(THIRD,))
    assert (status.sheets[0].state, status.sheets[0].instrument) == ("dispatched", "third")
    _, status = starts(first, instruments=EVERY)
    assert (status.sheets[0].state, status.sheets[0].instrument, status.sheets[0].fallback) == ("dispatched", "cli", 0)


def test_a_fallback_that_is_limited_itself_is_passed_over():
    """Another sheet of the job waits for it."""
    told = Waiting(reason="RateLimited", since=stamp(NOW), until=stamp(NOW + 50))
    other = sheet(2, "waiting", 1, instrument="second", waiting=told, next_retry_at=stamp(NOW + 50))
    compiled = score(2, tries=1, needs={}, max_concurrent=2, instruments={2: "second"}, fallbacks={1: CHAIN})
    status = running_status(sheet(1, "dispatched", 1), other)
    for now, expected in ((NOW, "third"), (NOW + 50, "second")):
        seen = observe(job(status=status), compiled, pods=[ended(1, 1, failed(**LIMIT))], instruments=EVERY, now=now)
        assert decided(seen)[1].sheets[0].instrument == expected


def test_a_restart_begins_with_the_first_again():
    first = sheet(1, "failed", 3, instrument="third", fallback=2, instrument_fallbacks=[])
    status = running_status(first, completionTime=stamp(NOW), completion_time=stamp(NOW))
    seen = observe(job(status=status, restart={"token": "again"}), score(1, fallbacks={1: CHAIN}), instruments=EVERY)
    _, status = decided(seen)
    assert (status.run, status.sheets[0].instrument, status.sheets[0].fallback) == (2, "cli", 0)


ENDS = {
    "exit": failed,
    "time": lambda: failed("Timeout"),
    "rules": lambda: failed("ValidationFailed", executed_pass_percentage=80.0, pass_percentage=80.0),
    "limit": lambda: failed(**LIMIT),
    "quota": lambda: failed(**(LIMIT | {"error_code": "E104"})),
    "auth": lambda: failed(**AUTH),
    "lost": lambda: verdict("lost", "PodLost"),
}


@settings(max_examples=60, deadline=None)
@given(
    ends=st.lists(st.sampled_from(sorted(ENDS)), min_size=1, max_size=60),
    missing=st.sets(st.sampled_from(["second", "third"])),
    tries=st.integers(1, 3),
)
def test_no_sequence_of_ends_goes_round_or_beyond_its_caps(ends, missing, tries):
    """Every attempt ends somehow; whatever the order, the chain is gone down once and the counters hold."""
    instruments = [each for each in EVERY if each.name not in missing]
    compiled = score(1, tries=tries, completions=2, fallbacks={1: CHAIN})
    seen, now, place, charged = job(status=running_status(sheet(1))), NOW, 0, 0
    for each in [*ends, *["exit"] * 40]:
        look = observe(seen, compiled, instruments=instruments, now=now)
        plan, status = decided(look)
        first = status.sheets[0]
        if first.state == "waiting" and first.next_retry_at is None:
            return  # credentials that only a person mends
        if first.terminal:
            break
        seen = after(look, plan).job
        if first.state != "dispatched":
            now = max(now + 1, plan.look_again_at or now + 1)
            continue
        told = ENDS[each]() | {"attempt": first.attempt}
        charged += each in ("exit", "time", "rules")
        look = observe(seen, compiled, instruments=instruments, pods=[ended(1, first.attempt, told)], now=now)
        plan, status = decided(look)
        seen, first = after(look, plan).job, status.sheets[0]
        assert first.fallback >= place
        place = first.fallback
        names = ["cli", *(each.to for each in first.instrument_fallbacks)]
        assert len(names) == len(set(names))
        assert first.normal_attempts <= tries
        assert first.infrastructure_ends <= INFRASTRUCTURE_CAP + 1
        assert first.rate_limit_waits <= RATE_LIMIT_CAP + 1
        assert first.quota_waits <= QUOTA_CAP + 1
    assert charged <= 3 * (tries + 2)


def test_what_fails_again_and_again_is_passed_over_in_one_look():
    """An open breaker, unlike a limit, is found only where the sheet would start: each place of the chain is asked."""
    cli, second = instrument("cli", executable="codex"), instrument("second", executable="codex")
    until = stamp(NOW + 50)
    records = [InstrumentRecord(instrument=each, open_until=until, openings=1) for each in ("cli", "second")]
    status = running_status(sheet(1), instruments=records)
    compiled = score(1, fallbacks={1: CHAIN})
    plan, status = decided(observe(job(status=status), compiled, instruments=(image(cli), image(second), THIRD)))
    assert (status.sheets[0].state, status.sheets[0].instrument) == ("dispatched", "third")
    assert [note.reason for note in plan.notes] == ["InstrumentFallback"] * 2


def image(view):
    return replace(view, spec=view.spec.model_copy(update={"image": "agent:1"}))
