"""The intent and the brief: what an attempt is told, and that a Pod made twice is told the same."""

import json

import pytest

from marianne_operator.model.instrument import InstrumentView
from marianne_operator.model.names import pod_name
from marianne_operator.plan.decide import decide
from marianne_runner.contract import BRIEF_ANNOTATION, BRIEF_LIMIT
from tests.unit.plan.build import (
    NAME,
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

CROSS = {"auto_capture_stdout": True, "max_output_chars": 2000, "capture_files": [], "lookback_sheets": 0}


def brief(plan, index=0):
    return json.loads(plan.create[index]["metadata"]["annotations"][BRIEF_ANNOTATION])


def test_the_intent_is_all_that_the_pod_is_made_of():
    compiled = score(1, instruments={1: "cli"})
    compiled["performers"][0]["model"] = "large"
    plan, status = decided(observe(job(), compiled))
    first = status.sheets[0]
    assert (first.state, first.attempt, first.attempt_count) == ("dispatched", 1, 1)
    assert first.pod_name == pod_name(NAME, UID, 1, 1) == plan.create[0]["metadata"]["name"]
    assert (first.instrument, first.model, first.execution_mode) == ("cli", "large", "normal")


def test_a_first_brief():
    told = brief(decided(observe(job(), score(1)))[0])
    assert told.pop("profile") == {"cli": {"command": {"executable": "bash"}}}
    assert len(told.pop("digest")) == 16
    assert told == {
        "protocol": 1,
        "job": NAME,
        "job_uid": UID,
        "namespace": "default",
        "run": 1,
        "sheet": 1,
        "attempt": 1,
        "ran": False,
        "mode": "normal",
        "instrument": "cli",
        "timeout_seconds": 1800.0,
        "outputs": {},
        "skipped": [],
    }


def test_the_next_attempt_knows_its_predecessor():
    plan = decide(observe(job(status=running_status(sheet(1, "dispatched", 1))), pods=[ended(exit_code=137)]))
    told = brief(plan)
    assert (told["attempt"], told["predecessor"]) == (2, {"attempt": 1, "ran": True, "ended": ended().uid})


def test_a_predecessor_in_another_ledger_is_not_said_to_have_ended():
    first = sheet(1, "dispatched", 1)
    over = ended(told=verdict("not_started", "LedgerOther", head=5))
    told = brief(decide(observe(job(status=running_status(first)), pods=[over])))
    assert told["predecessor"] == {"attempt": 5, "ran": False}


def test_a_restart_knows_how_the_last_run_ended():
    begun = running_status(sheet(1, "dispatched", 1, normal_attempts=1))
    failed = decided(observe(job(status=begun), pods=[ended(told=verdict("failed", "Timeout"))]))[1]
    told = brief(decided(observe(job(status=failed, restart={"token": "a"}), score(1)))[0])
    assert (told["run"], told["attempt"], told["predecessor"]["ended"]) == (2, 2, ended().uid)


def test_what_was_cancelled_unseen_is_not_said_to_have_ended():
    """Its container may live on a lost node: to be told that it is dead would let a second one start."""
    begun = running_status(sheet(1, "in_progress", 1, pod_uid=running().uid))
    cancelled = decided(observe(job(status=begun, cancel=True), ghosts=[running()]))[1]
    told = brief(decided(observe(job(status=cancelled, restart={"token": "a"}), score(1)))[0])
    assert told["predecessor"] == {"attempt": 1, "ran": False}


def test_adopting_over_a_running_attempt_does_not_say_that_it_ended():
    begun = running_status(sheet(1, "in_progress", 1, pod_uid=running().uid))
    status = decide(observe(job(status=begun), pods=[running(), running(1, 2)])).status
    assert (status.sheets[0].attempt, status.sheets[0].previous_pod_uid) == (2, None)


def test_failed_rules_are_told_and_the_mode_is_retry():
    begun = running_status(sheet(1, "dispatched", 1))
    failed = verdict("failed", "ValidationFailed", failed_rules=["tests pass", "no TODO"])
    seen = observe(job(status=begun), pods=[ended(told=failed)])
    plan = decide(after(seen, decide(seen), seconds=10))
    told = brief(plan)
    assert (told["mode"], told["failed_rules"]) == ("retry", ["tests pass", "no TODO"])


SAME_AGAIN = {
    "never seen": ([], {"ran": False}),
    "seen waiting": ([pod()], {"ran": False}),
    "seen running": ([running()], {"ran": True}),
    "seen to end but not accounted for": ([running(phase="Failed", state={"terminated": {"exitCode": 1}})], None),
}


@pytest.mark.parametrize(("ghosts", "differs"), SAME_AGAIN.values(), ids=SAME_AGAIN)
def test_a_pod_made_again_is_told_the_same(ghosts, differs):
    seen = observe(job(), score(3, needs={3: [1]}, max_concurrent=1, cross_sheet=CROSS))
    plan = decide(seen)
    lost = after(seen, plan, ghosts={each.name: each for each in ghosts})
    again = decide(lost)
    if differs is None:
        assert not again.create or brief(again)["attempt"] == 2
        return
    assert again.recovered
    assert brief(again) == brief(plan) | differs
    assert again.create[0]["metadata"]["name"] == plan.create[0]["metadata"]["name"]
    same_but_the_brief = [
        {**each, "metadata": {**each["metadata"], "annotations": None}} for each in (again.create[0], plan.create[0])
    ]
    assert same_but_the_brief[0] == same_but_the_brief[1]


def test_that_it_ran_is_not_forgotten_when_the_second_pod_vanishes_too():
    begun = observe(job(status=running_status(sheet(1, "dispatched", 1))), ghosts=[running()])
    plan, status = decided(begun)
    assert (status.sheets[0].state, brief(plan)["ran"]) == ("in_progress", True)
    second = pod(uid="second")
    assert brief(decide(after(begun, plan, ghosts={second.name: second})))["ran"] is True
    assert brief(decide(after(begun, plan, ghosts={})))["ran"] is True


def test_a_pod_that_ended_on_the_node_is_named():
    last = pod(phase="Running", state={"terminated": {"exitCode": 1, "startedAt": "2027-01-15T08:00:00Z"}})
    plan = decide(observe(job(status=running_status(sheet(1, "dispatched", 1))), ghosts=[last]))
    assert (brief(plan)["ran"], brief(plan)["ended"]) == (True, [last.uid])


TIMEOUTS = [
    ({}, {}, 1800.0),
    ({}, {"profile": {"default_timeout_seconds": 5}}, 5.0),
    ({}, {"profile": {"default_timeout_seconds": 5}, "timeoutSeconds": 6}, 6.0),
    ({"timeout_seconds": 7.5}, {"profile": {"default_timeout_seconds": 5}, "timeoutSeconds": 6}, 7.5),
]


@pytest.mark.parametrize(("performer", "spec", "expected"), TIMEOUTS)
def test_whose_timeout(performer, spec, expected):
    compiled = score(1)
    compiled["performers"][0].update(performer)
    tool = InstrumentView.of({"metadata": {"name": "cli"}, "spec": {"profile": {}, "image": "i", **spec}})
    plan, _ = decided(observe(job(), compiled, instruments=[tool]))
    assert brief(plan)["timeout_seconds"] == expected
    assert plan.create[0]["spec"]["activeDeadlineSeconds"] == round(expected + 300)


def test_the_pods_deadline_has_room_for_all_checks():
    rules = [
        {"type": "file_exists", "path": "a", "stage": 1, "retry_count": 3, "retry_delay_ms": 200},
        {"type": "command_succeeds", "command": "a", "stage": 1, "retry_count": 1, "retry_delay_ms": 0},
        {
            "type": "command_succeeds",
            "command": "b",
            "stage": 1,
            "retry_count": 0,
            "retry_delay_ms": 0,
            "timeout_seconds": 60.0,
        },
    ]
    plan, _ = decided(observe(job(), score(1, rules=rules)))
    assert plan.create[0]["spec"]["activeDeadlineSeconds"] == round(1800 + 4 * 1.2 + 2 * 3600 + 60 + 300)


def test_outputs_of_finished_sheets_within_the_lookback():
    sheets = [
        sheet(1, "completed"),  # before startSheet: nothing was written by it
        sheet(2, "completed", 3),
        sheet(3, "skipped", 1),
        sheet(4, "completed", 1),
        sheet(5),
    ]
    for lookback, outputs, skipped in ((0, {"2": 3, "4": 1}, [3]), (2, {"4": 1}, [3]), (1, {"4": 1}, [])):
        compiled = score(5, cross_sheet=CROSS | {"lookback_sheets": lookback})
        told = brief(decided(observe(job(status=running_status(*sheets)), compiled))[0])
        assert (told["outputs"], told["skipped"]) == (outputs, skipped)
    told = brief(decided(observe(job(status=running_status(*sheets)), score(5)))[0])
    assert (told["outputs"], told["skipped"]) == ({}, [])


def test_the_digest_is_what_was_asked():
    def digest(compiled=None, **changes):
        return brief(decided(observe(job(), compiled or score(1, **changes)))[0])["digest"]

    assert digest() == digest()
    assert digest(digest="e" * 64) != digest()
    other = score(1)
    other["performers"][0]["model"] = "large"
    assert digest(other) != digest()


def test_the_largest_brief_fits_its_annotation():
    """500 sheets, 50 labels as long as they may be, and a profile of 16 KiB."""
    sheets = [sheet(number, "completed", 999) for number in range(1, 500)]
    last = sheet(500, "retry_scheduled", 1, failed_validations=["ü" * 100] * 50, model="m" * 253)
    tool = InstrumentView.of({"metadata": {"name": "cli"}, "spec": {"profile": {"text": "x" * 16_000}, "image": "i"}})
    compiled = score(500, cross_sheet=CROSS)
    plan = decide(observe(job(status=running_status(*sheets, last)), compiled, instruments=[tool]))
    assert len(plan.create[0]["metadata"]["annotations"][BRIEF_ANNOTATION].encode()) <= BRIEF_LIMIT


@pytest.mark.parametrize("name", ["a", "a" * 63, "a" * 39 + ".b" * 10, "a" * 38 + "-----b"])
def test_names_are_labels_of_at_most_63_characters(name):
    import re

    made = pod_name(name, UID, 500, 99_999)
    assert len(made) <= 63
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?", made)
    assert not re.search(r"\.-|-\.|\.\.", made)


def test_the_job_is_read_again_only_before_a_recovered_create():
    assert not decided(observe(job(), score(1)))[0].recovered
    assert decide(observe(job(status=running_status(sheet(1, "dispatched", 1))))).recovered
