"""How large a status can become: whatever the verdicts say, any number of sheets can be afforded."""

import json

import pytest

from marianne_operator.model.names import pod_name
from marianne_operator.model.status import JobStatus
from marianne_operator.plan.conclude import conclude
from marianne_operator.plan.details import details, tail_limit
from marianne_operator.plan.draft import Draft
from marianne_operator.plan.fit import fitted
from marianne_operator.plan.outcome import Ended
from marianne_operator.plan.settle import settle
from marianne_runner.contract import MESSAGE_LIMIT, Check, encode_message
from tests.unit.plan.build import UID, job, observe, pod, running_status, score, sheet, verdict

LIMITS = {10: 25_000, 100: 60_000, 500: 200_000}
CHECK: Check = {
    "rule_type": "command_succeeds",
    "description": "d" * 400,
    "path": "p" * 400,
    "pattern": "q" * 400,
    "passed": False,
    "actual_value": "a" * 400,
    "expected_value": "é" * 400,
    "error_message": "m" * 400,
    "checked_at": "2027-01-15T08:00:00.000Z",
    "check_duration_ms": 12345.678,
    "confidence": 1.0,
    "failure_category": "incomplete",
    "error_type": "t" * 100,
}


def largest(outcome, reason):
    """Packed so well that a message of 4096 bytes holds it."""
    return verdict(
        outcome,
        reason,
        message="ü" * 3000,
        passed_rules=["r" * 300] * 90,
        failed_rules=["f" * 300] * 90,
        checks=[CHECK] * 90,
        stdout_tail="ä" * 3000,
        stderr_tail="ö" * 3000,
        output_truncated=True,
        input_tokens=123_456_789,
        output_tokens=123_456_789,
        cost_micro_usd=1_234_567_890,
        exit_code=1,
        exit_reason="timeout",
        validation_passed=False,
        pass_percentage=33.3333,
        duration_seconds=3599.12345,
        preflight_warnings=["ü" * 300] * 20,
        grounding_passed=False,
        grounding_confidence=0.333333,
        grounding_guidance="ü" * 400,
        agent_feedback="ü" * 400,
        healing=["ü" * 300] * 20,
    )


def test_such_a_verdict_fits_a_termination_message():
    """So these are sizes that can be met."""
    assert len(encode_message(largest("failed", "ValidationFailed"))) <= MESSAGE_LIMIT


def written(total, told, tries=2):
    """The status after every sheet told this, with the longest names that a job can have."""
    sheets = [
        sheet(n, "dispatched", 2, normal_attempts=1, model="claude-opus-4-1-20250805", instrument="claude-code").to(
            pod_name=pod_name("j" * 63, UID, n, 2)
        )
        for n in range(1, total + 1)
    ]
    status = running_status(*sheets)
    compiled = score(total, needs={2: []}, max_concurrent=20, tries=tries)
    draft = Draft(observe(job(status=status), compiled), compiled, status, list(status.sheets))
    for each in sheets:
        over = pod(each.num, 2, name=each.pod_name, uid=f"{each.num:08}-2222-3333-4444-555555555555", phase="Failed")
        settle(draft, each, Ended(over, told["reason"], told["message"], told))
    return conclude(draft)


@pytest.mark.parametrize("total", LIMITS)
@pytest.mark.parametrize(("outcome", "reason"), [("completed", ""), ("failed", "ValidationFailed"), ("skipped", "")])
def test_the_largest_verdicts_stay_within_the_limits(total, outcome, reason):
    status = written(total, largest(outcome, reason))
    assert {each.state for each in status.sheets} == {outcome}
    body = json.dumps(status.dump(), ensure_ascii=False, separators=(",", ":")).encode()
    assert len(body) < LIMITS[total]
    assert JobStatus.model_validate(json.loads(body)) == status


def test_sheets_that_try_again_stay_within_what_etcd_takes():
    status = written(500, largest("failed", "ValidationFailed"), tries=9)
    assert {each.state for each in status.sheets} == {"retry_scheduled"}
    assert len(json.dumps(status.dump(), ensure_ascii=False).encode()) < 1_000_000
    assert all(each.failed_validations for each in status.sheets), "the next attempt is told what to repair"
    assert all(each.execution_mode == "retry" for each in status.sheets), "and that it is a retry"


def test_an_ordinary_sheet_of_a_small_job_loses_nothing():
    told = verdict(passed_rules=["tests pass", "file exists"], stdout_tail="x" * 4000, input_tokens=5, output_tokens=6)
    done = written(10, told).sheets[3]
    assert done.passed_validations == ["tests pass", "file exists"]
    assert done.stdout_tail == "x" * 400
    assert (done.exit_code, done.confidence_score, done.outcome_category) == (0, 1.0, "success_retry")


def test_an_ordinary_failure_of_a_large_job_keeps_its_error():
    failed = written(500, verdict("failed", "Timeout", message="timed out")).sheets[7]
    assert (failed.error_message, failed.error_code, failed.stdout_tail) == ("timed out", "E001", None)


def test_what_tells_least_goes_first():
    """The number, the state, the attempt and the name never go; an error does last."""
    full = sheet(1, "failed", 1, error_message="e" * 1024, pod_uid="u" * 36, error_code="E209")
    full = full.to(**details(largest("failed", "ValidationFailed"), 10, failed=True))
    small = fitted(full, 500)
    assert (small.num, small.state, small.attempt, small.pod_name) == (1, "failed", 1, full.pod_name)
    assert small.error_code == "E209"
    assert small.error_message
    assert small.validation_details == []


@pytest.mark.parametrize(
    ("total", "failed", "limit"), [(10, False, 400), (11, False, 0), (11, True, 100), (100, True, 100), (101, True, 0)]
)
def test_tails(total, failed, limit):
    assert tail_limit(total, failed=failed) == limit
    told = verdict(stdout_tail="a" * 500 + "z", stderr_tail="")
    kept = details(told, total, failed=failed)
    assert kept["stdout_tail"] == (("a" * 500 + "z")[-limit:] if limit else None)
    assert kept["stderr_tail"] is None


def test_a_tail_is_cut_between_characters():
    kept = details(verdict(stdout_tail="é" * 300), 10, failed=False)["stdout_tail"]
    assert kept == "é" * 200
    odd = details(verdict(stdout_tail="é" * 300 + "x"), 10, failed=False)["stdout_tail"]
    assert odd == "é" * 199 + "x"


def test_only_failed_checks_are_kept():
    kept = details(verdict(checks=[CHECK | {"passed": True}, CHECK]), 10, failed=True)["validation_details"]
    assert [each["passed"] for each in kept] == [False]
    assert all(len(value) <= 120 for value in kept[0].values() if isinstance(value, str))


def test_a_failed_sheet_tells_its_exit():
    told = verdict("failed", "ExitCode", exit_code=3, exit_reason="error", exit_signal=9)
    kept = details(told, 10, failed=True)
    assert (kept["exit_code"], kept["exit_reason"], kept["exit_signal"]) == (3, "error", 9)
    assert details(told, 10, failed=False)["exit_code"] == 0
