"""An attempt has ended: what becomes of its sheet, who pays, and when that is the end."""

import pytest

from marianne_operator.plan.clock import stamp
from marianne_operator.plan.failures import FAILURES, INFRASTRUCTURE_CAP
from marianne_runner.contract import ERROR_CODES
from tests.unit.plan.build import NOW, decided, ended, job, observe, running_status, score, sheet, verdict


def settled(pod, *, before=None, tries=2, total=2, **spec):
    """(the plan, the status, sheet 1) after this Pod of sheet 1's attempt 1 has ended."""
    first = before or sheet(1, "dispatched", 1)
    begun = running_status(first, *(sheet(number) for number in range(2, total + 1)))
    plan, status = decided(observe(job(status=begun, **spec), score(total, tries=tries), pods=[pod]))
    return plan, status, status.sheets[0]


def told(outcome, reason="", **changes):
    return ended(told=verdict(outcome, reason, **changes))


def test_completed():
    plan, status, first = settled(told("completed", pass_percentage=100.0, validation_passed=True))
    assert (first.state, first.exit_code, first.confidence_score) == ("completed", 0, 1.0)
    assert (first.success_without_retry, first.outcome_category) == (True, "success_first_try")
    assert (first.started_at, first.completed_at) == (stamp(NOW - 5), stamp(NOW - 1))
    assert first.pod_uid == ended().uid
    assert status.sheets[1].state == "dispatched"
    assert not plan.notes, "a plain run tells nothing"


def test_completed_after_a_failed_try():
    before = sheet(1, "dispatched", 2, normal_attempts=1, failed_validations=["tests"], error_code="E209")
    _, _, first = settled(ended(1, 2, verdict(attempt=2)), before=before)
    assert (first.success_without_retry, first.outcome_category) == (False, "success_retry")
    assert (first.error_code, first.error_message, first.failed_validations) == (None, None, [])


def test_a_verdict_without_times_still_has_an_end():
    _, _, first = settled(ended(told=_timeless()))
    assert first.completed_at == stamp(NOW)


def _timeless():
    said = verdict()
    del said["started_at"], said["ended_at"], said["duration_seconds"]
    return said


def test_skipped_by_its_condition_satisfies():
    _, status, first = settled(told("skipped", message="skip_when: nothing to do"))
    assert (first.state, first.error_message, first.error_code) == ("skipped", "skip_when: nothing to do", None)
    assert first.exit_code is None
    assert first.satisfied
    assert status.sheets[1].state == "dispatched"
    assert status.progress == "1/2"


def test_skipped_after_a_failed_try_satisfies_too():
    before = sheet(1, "dispatched", 2, normal_attempts=1, error_code="E009")
    _, _, first = settled(ended(1, 2, verdict("skipped", attempt=2)), before=before)
    assert first.satisfied


SHEET_PAYS = sorted(key for key, each in FAILURES.items() if each.payer == "sheet" and not each.final)
FINAL = sorted(key for key, each in FAILURES.items() if each.final)
CLUSTER_PAYS = sorted(key for key, each in FAILURES.items() if each.payer == "infrastructure")


def test_who_pays_for_what():
    """The whole table, so that moving a reason from one payer to the other is a decision."""
    assert SHEET_PAYS == [
        "ExitCode",
        "GroundingFailed",
        "LedgerTampered",
        "RunnerFailed",
        "SelfTerminated",
        "Signal",
        "StorageExceeded",
        "Timeout",
        "ValidationFailed",
    ]
    assert FINAL == ["InstrumentMissing", "OutOfMemory", "ProtocolMismatch", "TemplateInvalid", "WorkspaceBehind"]
    assert CLUSTER_PAYS == ["Evicted", "Interrupted", "LedgerMissing", "PodLost", "VerdictMissing"]


@pytest.mark.parametrize("reason", SHEET_PAYS)
def test_the_sheet_pays_with_a_try(reason):
    plan, status, first = settled(told("failed", reason))
    assert (first.state, first.normal_attempts, first.infrastructure_ends) == ("retry_scheduled", 1, 0)
    code = FAILURES[reason].code
    delay = 10 if FAILURES[reason].category == "validation" else ERROR_CODES[code].delay_seconds
    assert first.next_retry_at == stamp(NOW + delay)
    assert (first.error_code, first.error_category) == (code, FAILURES[reason].category)
    assert status.total_retries == 1
    assert plan.look_again_at == NOW + delay
    assert [note.reason for note in plan.notes] == ["LedgerTampered" if reason == "LedgerTampered" else "SheetRetry"]


@pytest.mark.parametrize("reason", SHEET_PAYS)
def test_the_last_try_fails_the_sheet(reason):
    before = sheet(1, "dispatched", 2, normal_attempts=1)
    plan, status, first = settled(ended(1, 2, verdict("failed", reason, attempt=2)), before=before)
    assert (first.state, first.normal_attempts, first.next_retry_at) == ("failed", 2, None)
    assert status.total_retries == 0
    told = ["LedgerTampered"] if reason == "LedgerTampered" else []
    assert [note.reason for note in plan.notes] == [*told, "SheetFailed"]
    assert status.phase == "Failed"


@pytest.mark.parametrize("tries", [0, 1])
def test_a_single_try(tries):
    assert settled(told("failed", "ExitCode"), tries=tries)[2].state == "failed"


@pytest.mark.parametrize("reason", FINAL)
def test_what_can_only_fail_the_same_way_is_not_tried_again(reason):
    _, _, first = settled(told("failed", reason), tries=5)
    assert (first.state, first.normal_attempts) == ("failed", 1)
    assert first.error_code == FAILURES[reason].code


@pytest.mark.parametrize("reason", ["", "SomethingNew"])
def test_an_unknown_reason_is_the_sheets(reason):
    _, _, first = settled(told("failed", reason))
    assert (first.state, first.error_code, first.normal_attempts) == ("retry_scheduled", "E999", 1)


INFRASTRUCTURE = {
    "interrupted by a drain": lambda: ended(told=verdict("interrupted"), exit_code=143, phase="Failed", disrupted=True),
    "interrupted by somebody's delete": lambda: ended(told=verdict("interrupted"), exit_code=143, deleting_at=NOW),
    "evicted": lambda: ended(reason="Evicted", exit_code=137),
    "lost": lambda: told("lost", "PodLost"),
    "ledger missing": lambda: told("lost", "LedgerMissing"),
    "killed": lambda: ended(exit_code=137),
    "refused by the node": lambda: ended(reason="OutOfcpu", state=None, exit_code=1),
}


@pytest.mark.parametrize("end", INFRASTRUCTURE.values(), ids=INFRASTRUCTURE)
def test_the_cluster_pays_and_the_next_attempt_starts_at_once(end):
    plan, status, first = settled(end())
    assert (first.state, first.attempt, first.normal_attempts, first.infrastructure_ends) == ("dispatched", 2, 0, 1)
    assert status.total_retries == 0
    assert [note.reason for note in plan.notes] == ["SheetDisrupted"]
    assert len(plan.create) == 1


def test_the_cluster_is_forgiven_three_times():
    before = sheet(1, "dispatched", 1, infrastructure_ends=2)
    _, _, first = settled(ended(exit_code=137), before=before)
    assert (first.state, first.infrastructure_ends) == ("dispatched", INFRASTRUCTURE_CAP)


@pytest.mark.parametrize("end", INFRASTRUCTURE.values(), ids=INFRASTRUCTURE)
def test_the_cluster_pays_only_so_often(end):
    before = sheet(1, "dispatched", 1, infrastructure_ends=INFRASTRUCTURE_CAP)
    plan, _, first = settled(end(), before=before)
    assert (first.state, first.normal_attempts) == ("failed", 0)
    assert not plan.create
    assert "4 times" in plan.notes[0].message


def test_what_the_cluster_ended_keeps_what_the_last_try_failed():
    """Else the next attempt would not be told which rules to repair."""
    before = sheet(1, "dispatched", 2, normal_attempts=1, failed_validations=["tests pass"], execution_mode="retry")
    end = ended(1, 2, verdict("interrupted", attempt=2), exit_code=143, disrupted=True)
    plan, _, first = settled(end, before=before, tries=3)
    assert (first.failed_validations, first.execution_mode) == (["tests pass"], "retry")
    assert '"failed_rules":["tests pass"]' in plan.create[0]["metadata"]["annotations"]["marianne.dev/brief"]


@pytest.mark.parametrize(
    ("reason", "waits"), [("WorkspaceUnusable", "WorkspaceUnusable"), ("RunnerMissing", "RunnerMissing")]
)
def test_nobody_pays_for_what_heals_itself(reason, waits):
    over = (
        told("not_started", reason) if reason == "WorkspaceUnusable" else ended(container_reason="StartError", text="x")
    )
    plan, status, first = settled(over)
    assert (first.state, first.normal_attempts, first.infrastructure_ends) == ("waiting", 0, 0)
    assert first.next_retry_at == stamp(NOW + 15)
    assert (status.phase, status.waiting and status.waiting.reason) == ("Waiting", waits)
    assert [note.reason for note in plan.notes] == [waits], "told once"
    assert plan.look_again_at == NOW + 15


def test_an_image_without_a_runner_names_the_fix():
    _, status, _ = settled(ended(container_reason="StartError", text="exec: no such file"))
    assert "FROM the runner image" in status.waiting.message
    assert "no such file" in status.waiting.message


def test_uncharged_tries_slow_down_to_five_minutes():
    for count, delay in ((1, 15), (2, 30), (5, 240), (6, 300), (1000, 300)):
        before = sheet(1, "dispatched", 1, attempt_count=count)
        _, _, first = settled(told("not_started", "WorkspaceUnusable"), before=before)
        assert first.next_retry_at == stamp(NOW + delay), count


def test_another_ledger_goes_on_beyond_its_head():
    plan, _, first = settled(told("not_started", "LedgerOther", head=7))
    assert (first.state, first.attempt, first.normal_attempts, first.infrastructure_ends) == ("dispatched", 8, 0, 0)
    assert plan.create[0]["metadata"]["name"].endswith("-s1-a8")


@pytest.mark.parametrize("head", [{}, {"head": 0}])
def test_another_ledger_whose_head_is_behind_cannot_be(head):
    """It would be asked for ever, at full speed."""
    _, _, first = settled(told("not_started", "LedgerOther", **head))
    assert (first.state, first.normal_attempts) == ("retry_scheduled", 1)


STOPPED = {
    "while it worked": lambda: ended(told=verdict("interrupted"), exit_code=143, deleting_at=NOW),
    "before it started": lambda: ended(exit_code=143, deleting_at=NOW),
    "and killed": lambda: ended(exit_code=137, deleting_at=NOW),
}


@pytest.mark.parametrize("end", STOPPED.values(), ids=STOPPED)
def test_nobody_pays_for_our_own_pause(end):
    _, status, first = settled(end(), paused=True, pausePolicy="Interrupt")
    assert (first.state, first.normal_attempts, first.infrastructure_ends) == ("pending", 0, 0)
    assert status.phase == "Paused"


def test_a_pause_that_drains_interrupts_nothing_so_the_cluster_pays():
    _, _, first = settled(STOPPED["while it worked"](), paused=True)
    assert (first.state, first.infrastructure_ends) == ("pending", 1)


def test_a_pause_does_not_excuse_what_was_not_deleted():
    _, _, first = settled(ended(exit_code=137), paused=True, pausePolicy="Interrupt")
    assert first.infrastructure_ends == 1


@pytest.mark.parametrize("end", STOPPED.values(), ids=STOPPED)
def test_cancel_ends_what_it_interrupted(end):
    _, status, first = settled(end(), cancel=True)
    assert (first.state, first.infrastructure_ends) == ("cancelled", 0)
    assert status.phase == "Cancelled"


def test_work_that_ended_before_the_cancel_reached_it_counts():
    _, status, first = settled(told("completed"), cancel=True)
    assert first.state == "completed"
    assert status.sheets[1].state == "cancelled"
    assert status.phase == "Cancelled"


def test_tokens_add_up_over_attempts_and_sheets():
    before = sheet(1, "dispatched", 2, input_tokens=100, output_tokens=10)
    begun = running_status(before, total_input_tokens=1000, total_output_tokens=500)
    over = ended(1, 2, verdict(attempt=2, input_tokens=7, output_tokens=3))
    _, status = decided(observe(job(status=begun), pods=[over]))
    assert (status.sheets[0].input_tokens, status.sheets[0].output_tokens) == (107, 13)
    assert (status.total_input_tokens, status.total_output_tokens) == (1007, 503)


def test_tokens_that_nobody_told_stay_unknown():
    assert settled(told("completed"))[2].input_tokens is None


@pytest.mark.parametrize("state", ["completed", "failed", "skipped", "cancelled", "pending", "retry_scheduled"])
def test_a_sheet_that_is_not_active_is_not_touched(state):
    code = {"error_code": "E999"} if state == "skipped" else {}
    before = sheet(1, state, 1, next_retry_at=stamp(NOW + 99) if state == "retry_scheduled" else None, **code)
    paused = {"paused": True}
    _, _, first = settled(told("failed", "ExitCode"), before=before, **paused)
    assert first == before if state != "pending" else first.attempt == 1
