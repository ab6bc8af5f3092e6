"""Sheets that wait for a person: when they do, who may answer how, and what becomes of them."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marianne_operator.model.job import JobView
from marianne_operator.plan.clock import stamp
from tests.unit.plan.build import NAME, NOW, after, decided, ended, job, observe, running_status, score, sheet, verdict

DEPLOY = {"name": "deploy", "confirm": True, "sheets": [1], "message": "read the plan"}
WORDS = {"name": "words", "confirm": True, "contains": ["drop table"]}
STRUGGLING = {"name": "struggling", "confirm": True, "retries": 1}


def asking(*checkpoints, total=1, **fields):
    return score(total, checkpoints=[dict(each) for each in checkpoints], **fields)


def look(compiled, *sheets, pods=(), verb=None, managed=(), now=NOW, status=None, **spec):
    body = dict(job(status=status or running_status(*sheets), **spec).body)
    annotations = {} if verb is None else {"annotations": {"marianne.dev/verb": verb}}
    body["metadata"] = body["metadata"] | annotations | {"managedFields": list(managed)}
    seen = JobView.of(body)
    return observe(seen, compiled, pods=pods, now=now)


def answer(decision, number=1, **fields):
    return {"approve": [{"sheet": number, "decision": decision, **fields}]}


def brief(plan):
    return json.loads(plan.create[0]["metadata"]["annotations"]["marianne.dev/brief"])


def waits(compiled, *sheets, **fields):
    plan, status = decided(look(compiled, *sheets, **fields))
    return plan, status, status.sheets[0]


def test_a_checkpoint_is_waited_at_without_a_pod():
    plan, status, first = waits(asking(DEPLOY), sheet(1))
    assert (first.state, first.attempt, first.checkpoints) == ("fermata", 0, ["deploy"])
    assert (status.phase, status.waiting.reason) == ("Waiting", "Approval")
    assert "checkpoint 'deploy': read the plan" in status.waiting.message
    assert f"kubectl annotate mj {NAME} -n default --overwrite marianne.dev/verb=approve/1/" in status.waiting.message
    assert not plan.create
    assert [note.reason for note in plan.notes] == ["Approval"]


@pytest.mark.parametrize(
    ("checkpoint", "before", "state"),
    [
        ({"name": "all", "confirm": True}, {}, "fermata"),
        ({"name": "other", "confirm": True, "sheets": [2]}, {}, "dispatched"),
        ({"name": "none", "confirm": True, "sheets": []}, {}, "dispatched"),
        (STRUGGLING, {}, "dispatched"),
        (STRUGGLING, {"normal_attempts": 1}, "fermata"),
        (STRUGGLING, {"completion_attempts": 1}, "fermata"),
        (STRUGGLING | {"sheets": [2]}, {"normal_attempts": 1}, "dispatched"),
        (WORDS, {}, "dispatched"),
        ({"name": "told", "confirm": False}, {}, "dispatched"),
    ],
)
def test_when(checkpoint, before, state):
    assert waits(asking(checkpoint), sheet(1, **before))[2].state == state


def test_what_needs_no_answer_is_told_once():
    told = {"name": "told", "confirm": False, "message": "mind the step"}
    plan, _, _ = waits(asking(told), sheet(1))
    assert [(note.reason, note.message) for note in plan.notes] == [
        ("Checkpoint", "sheet 1 passes checkpoint 'told': mind the step")
    ]
    assert not waits(asking(told), sheet(1, attempt_count=1))[0].notes


def test_others_go_on_meanwhile_and_those_that_need_it_do_not():
    compiled = asking(DEPLOY, total=3, needs={3: [1]})
    _, status, _ = waits(compiled, sheet(1), sheet(2), sheet(3))
    assert [each.state for each in status.sheets] == ["fermata", "dispatched", "pending"]
    assert status.phase == "Running"


def test_a_sheet_that_is_skipped_is_not_asked_about():
    _, status, _ = waits(asking(DEPLOY, total=2) | {"skip_when": {"1": "True"}}, sheet(1), sheet(2))
    assert [each.state for each in status.sheets] == ["skipped", "dispatched"]


def held(at=("deploy",), **changes):
    return sheet(1, "fermata", checkpoints=list(at), **changes)


@pytest.mark.parametrize("decision", ["approve", "retry"])
def test_approved_in_the_spec(decision):
    plan, status, first = waits(asking(DEPLOY), held(), **answer(decision))
    assert (first.state, first.waiting, status.waiting) == ("dispatched", None, None)
    assert [each.model_dump() for each in first.approvals] == [
        {"checkpoint": "deploy", "decision": decision, "by": "spec.approve", "time": stamp(NOW)}
    ]
    assert [note.reason for note in plan.notes] == ["Decided"]
    assert "asks" not in brief(plan)


def test_an_answer_about_another_sheet():
    _, status, _ = waits(asking(DEPLOY, total=2), held(), sheet(2), **answer("approve", 2))
    assert [each.state for each in status.sheets] == ["fermata", "pending"]


def test_approved_in_the_spec_before_it_was_asked():
    _, _, first = waits(asking(DEPLOY), sheet(1), **answer("approve"))
    assert (first.state, first.approvals[0].checkpoint) == ("dispatched", "deploy")


def test_asked_once_a_run():
    passed = waits(asking(DEPLOY), sheet(1), **answer("approve"))[2]
    again = passed.to(state="retry_scheduled", next_retry_at=stamp(NOW), normal_attempts=1)
    assert waits(asking(DEPLOY), again)[2].state == "dispatched"
    assert waits(asking(DEPLOY, STRUGGLING), again)[2].checkpoints == ["struggling"]


@pytest.mark.parametrize("decision", ["reject", "abort"])
def test_rejected(decision):
    compiled = asking(DEPLOY, total=2)
    plan, status, first = waits(compiled, held(), sheet(2), **answer(decision))
    assert (first.state, first.error_category, first.error_code) == ("failed", "escalation", "E999")
    assert first.error_message == "rejected by spec.approve"
    assert (status.sheets[1].state, status.phase) == ("skipped", "Failed")
    assert "rejected by spec.approve" in status.condition("Succeeded").message
    assert [note.reason for note in plan.notes] == ["Decided", "SheetFailed"]


def test_rejected_before_it_was_asked_fails_its_dependants_too():
    _, status, _ = waits(asking(DEPLOY, total=2), sheet(1), sheet(2), **answer("reject"))
    assert ([each.state for each in status.sheets], status.phase) == (["failed", "skipped"], "Failed")


def test_skipped_satisfies():
    _, status, first = waits(asking(DEPLOY, total=2), held(), sheet(2), **answer("skip"))
    assert (first.state, first.error_code, first.satisfied) == ("skipped", None, True)
    assert first.error_message == "skipped by spec.approve"
    assert status.sheets[1].state == "dispatched"


def test_there_is_nothing_to_accept_at_a_checkpoint():
    plan, _, first = waits(asking(DEPLOY), held(), **answer("accept"))
    assert (first.state, first.approvals) == ("fermata", [])
    assert "VerbIgnored" in [note.reason for note in plan.notes]


WROTE = {
    "manager": "kubectl-annotate",
    "time": stamp(NOW),
    "fieldsV1": {"f:metadata": {"f:annotations": {".": {}, "f:marianne.dev/verb": {}}}},
}
APPLIED = {"manager": "flux", "time": stamp(NOW - 9), "fieldsV1": {"f:spec": {"f:approve": {}}}}


def test_approved_by_annotation_and_by_whom():
    _, status, first = waits(asking(DEPLOY), held(), verb="approve/1/x", managed=[WROTE, APPLIED])
    assert (first.state, status.verb) == ("dispatched", "approve/1/x")
    assert first.approvals[0].by == "annotation (kubectl-annotate)"
    _, _, first = waits(asking(DEPLOY), held(), managed=[WROTE, APPLIED], **answer("approve"))
    assert first.approvals[0].by == "spec.approve (flux)"


def test_an_annotation_acts_once_and_may_be_taken_away():
    heard = running_status(held(), verb="approve/1/x")
    for verb in ("approve/1/x", None):
        assert decided(look(asking(DEPLOY), status=heard, verb=verb))[1].sheets[0].state == "fermata"
    _, status = decided(look(asking(DEPLOY), status=heard, verb="approve/1/y"))
    assert (status.sheets[0].state, status.verb) == ("dispatched", "approve/1/y")


def test_rejected_by_annotation():
    _, _, first = waits(asking(DEPLOY), held(), verb="reject/1/x")
    assert (first.state, first.error_message) == ("failed", "rejected by annotation")


@pytest.mark.parametrize(
    "verb", ["approve/1", "approve/1/", "approve//x", "aprove/1/x", "approve/-1/x", "approve/²/x", "x" * 300, "/"]
)
def test_an_annotation_that_cannot_be_read_is_told_once(verb):
    plan, status, first = waits(asking(DEPLOY), held(), verb=verb)
    assert (first.state, status.verb) == ("fermata", verb[:128])
    assert "VerbIgnored" in [note.reason for note in plan.notes]
    assert not decided(look(asking(DEPLOY), status=status, verb=verb))[0].notes


@pytest.mark.parametrize("number", [2, 9, 0])
def test_an_annotation_about_a_sheet_that_does_not_wait(number):
    plan, status, _ = waits(asking(DEPLOY, total=2), held(), sheet(2), verb=f"approve/{number}/x")
    assert [each.state for each in status.sheets] == ["fermata", "pending"]
    assert f"sheet {number} does not wait" in next(n.message for n in plan.notes if n.reason == "VerbIgnored")


# ---- words of the prompt, which only the runner has


def test_the_runner_is_asked_to_look():
    plan, _, first = waits(asking(DEPLOY | {"sheets": [2]}, WORDS), sheet(1))
    assert (first.state, brief(plan)["asks"]) == ("dispatched", [1])


def stopped(*found, before=None, checkpoints=(WORDS,)):
    told = verdict("not_started", "ApprovalNeeded", checkpoints=list(found))
    return waits(asking(*checkpoints), before or sheet(1, "dispatched", 1), pods=[ended(told=told)])


def test_stopped_by_the_runner_and_charged_nothing():
    plan, status, first = stopped(0)
    assert (first.state, first.checkpoints, first.attempt) == ("fermata", ["words"], 1)
    assert (first.attempt_count, first.normal_attempts, first.error_code) == (0, 0, None)
    assert (status.waiting.reason, plan.create) == ("Approval", ())
    plan, _, first = waits(asking(WORDS), first, **answer("approve"))
    assert (first.state, first.attempt, first.attempt_count) == ("dispatched", 2, 1)
    assert "asks" not in brief(plan)


@pytest.mark.parametrize("found", [(), (5,), (-1,)])
def test_a_stop_that_nobody_asked_for_is_a_failure(found):
    _, _, first = stopped(*found)
    assert (first.state, first.error_code) == ("retry_scheduled", "E999")


# ---- after the last try


def failed(before=None, *, tries=1, told=None, total=1, **fields):
    first = before or sheet(1, "dispatched", 1)
    told = (told or verdict("failed", "ExitCode", exit_reason="error")) | {"attempt": first.attempt}
    compiled = score(total, tries=tries, escalation=True)
    others = [sheet(number) for number in range(2, total + 1)]
    return waits(compiled, first, *others, pods=[ended(1, first.attempt, told)], **fields)


def test_a_sheet_that_is_out_of_tries_waits():
    plan, status, first = failed()
    assert (first.state, first.checkpoints, first.error_code) == ("fermata", [], "E009")
    assert (status.phase, status.waiting.reason) == ("Waiting", "Approval")
    assert "it failed: it ended with ExitCode; retry: kubectl annotate" in status.waiting.message
    assert "skip, accept or abort" in status.waiting.message
    assert not plan.create


def test_not_before_its_tries_are_used_up():
    assert failed(tries=2)[2].state == "retry_scheduled"


def test_without_escalation_it_fails():
    _, _, first = waits(score(1, tries=1), sheet(1, "dispatched", 1), pods=[ended(told=verdict("failed", "ExitCode"))])
    assert first.state == "failed"


def out_of_tries(**changes):
    return failed()[2].to(**changes)


ESCALATING = {"tries": 1, "escalation": True}


def test_one_more_try_and_then_it_waits_again():
    _, _, first = waits(score(1, **ESCALATING), out_of_tries(), verb="retry/1/x")
    assert (first.state, first.attempt, first.approvals[0].checkpoint) == ("dispatched", 2, "escalation")
    assert failed(first)[2].state == "fermata"


def test_the_same_entry_of_the_spec_is_not_one_more_try_for_ever():
    _, _, first = waits(score(1, **ESCALATING), out_of_tries(), **answer("retry"))
    assert (first.state, first.answer) == ("dispatched", "retry/")
    _, _, first = failed(first, **answer("retry"))
    assert first.state == "fermata"
    assert waits(score(1, **ESCALATING), first, **answer("retry", token="2"))[2].state == "dispatched"


def test_accepted_as_it_is():
    compiled = score(2, cross_sheet=CROSS, **ESCALATING)
    plan, status, first = waits(compiled, out_of_tries(), sheet(2), verb="accept/1/x")
    assert (first.state, first.error_message, first.error_code, first.satisfied) == ("completed", None, None, True)
    assert first.approvals[0].decision == "accept"
    assert status.sheets[1].state == "dispatched"
    assert brief(plan)["outputs"] == {"1": 1}


CROSS = {"auto_capture_stdout": True, "max_output_chars": 99, "capture_files": [], "lookback_sheets": 0}


def test_an_accepted_sheet_that_could_not_tell_of_itself_hands_nothing_down():
    """Its ledger may hold no verdict: the next sheet must not take the volume for an older one."""
    compiled = score(2, cross_sheet=CROSS, **ESCALATING)
    plan, _, _ = waits(compiled, out_of_tries(exit_reason=None), sheet(2), verb="accept/1/x")
    assert brief(plan)["outputs"] == {}


def test_skipped_after_it_failed():
    _, _, first = waits(score(1, **ESCALATING), out_of_tries(), verb="skip/1/x")
    assert (first.state, first.outcome_category, first.error_code) == ("skipped", "skipped_by_escalation", None)


def test_aborted_says_why_it_failed():
    _, status, first = waits(score(1, **ESCALATING), out_of_tries(), verb="abort/1/x")
    assert (first.state, status.phase) == ("failed", "Failed")
    assert first.error_message == "rejected by annotation: it ended with ExitCode"


def test_unsure_checks_are_not_tried_again_but_told():
    told = verdict("failed", "ValidationFailed", confidence=0.2, executed_pass_percentage=20.0)
    assert failed(tries=3, told=told)[2].state == "fermata"
    sure = told | {"confidence": 0.3}
    assert failed(tries=3, told=sure)[2].state == "retry_scheduled"


# ---- beside the other verbs


def test_cancel_and_a_restart_end_the_wait():
    status = decided(look(asking(DEPLOY), held(), cancel=True, verb="reject/1/x", **answer("reject")))[1]
    assert (status.sheets[0].state, status.phase, status.verb) == ("cancelled", "Cancelled", None)
    status = decided(look(asking(DEPLOY), held(), restart={"token": "again"}))[1]
    assert (status.run, status.sheets[0].state) == (2, "fermata")


def test_a_restart_asks_again():
    before = sheet(1, "failed", 1, approvals=waits(asking(DEPLOY), held(), verb="approve/1/x")[2].approvals)
    status = running_status(before, completion_time=stamp(NOW), verb="approve/1/x")
    _, status = decided(look(asking(DEPLOY), status=status, verb="approve/1/x", restart={"token": "again"}))
    assert (status.sheets[0].state, status.sheets[0].approvals) == ("fermata", [])


def test_a_paused_job_hears_the_answer_and_starts_nothing():
    plan, status, first = waits(asking(DEPLOY), held(), verb="approve/1/x", paused=True)
    assert (first.state, status.phase, plan.create) == ("pending", "Paused", ())


def test_the_deadline_of_the_run_is_the_end_of_the_wait():
    plan, _, _ = waits(asking(DEPLOY), held(), activeDeadlineSeconds=100)
    assert plan.look_again_at == NOW + 40
    status = decided(look(asking(DEPLOY), held(), activeDeadlineSeconds=100, now=NOW + 40))[1]
    assert (status.sheets[0].state, status.phase) == ("cancelled", "Failed")


@settings(max_examples=60, deadline=None)
@given(
    says=st.lists(
        st.tuples(st.sampled_from(["approve", "retry", "skip", "accept", "reject", "abort"]), st.booleans()),
        min_size=1,
        max_size=12,
    ),
    checkpoints=st.lists(st.sampled_from([DEPLOY, WORDS, STRUGGLING]), max_size=3, unique_by=lambda each: each["name"]),
)
def test_nothing_starts_unasked_and_every_start_is_paid_for_by_a_try_or_a_decision(says, checkpoints):
    """Whatever people say, in whatever order: the sheet is tried as often as it may, and once more per decision."""
    compiled = score(1, tries=2, checkpoints=checkpoints, escalation=True)
    status, decisions, starts, now = running_status(sheet(1)), 0, 0, NOW
    for turn, (decision, by_spec) in enumerate(says):
        spec = answer(decision, token=str(turn)) if by_spec else {}
        verb = None if by_spec else f"{decision}/1/{turn}"
        for pods in ((), ()):
            seen = look(compiled, status=status, verb=verb, pods=pods, now=now, **spec)
            plan, status = decided(seen)
            status = after(seen, plan).job.status
            now = max(now + 60, plan.look_again_at or 0)
        decisions = len(status.sheets[0].approvals)
        first = status.sheets[0]
        if first.terminal:
            break
        if first.state == "dispatched":
            starts += 1
            told = verdict("failed", "ExitCode", attempt=first.attempt)
            seen = look(compiled, status=status, verb=verb, pods=[ended(1, first.attempt, told)], now=now, **spec)
            plan, status = decided(seen)
            status = after(seen, plan).job.status
        assert {each["name"] for each in compiled["checkpoints"] if "contains" not in each and starts} - {
            each.checkpoint for each in status.sheets[0].approvals
        } <= {"struggling"}
    assert starts <= 2 + decisions
