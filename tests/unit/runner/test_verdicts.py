"""Success is what the rules say; without rules the exit code decides."""

from typing import Any, cast

import pytest

from marianne_runner import verdicts
from marianne_runner.contract import Brief, Check
from marianne_runner.output import Report
from marianne_runner.perform import Exit

BRIEF = cast(Brief, {"run": 1, "sheet": 1, "attempt": 1, "timeout_seconds": 30, "profile": {}})


def ended(code: int | None = 0, signal: int | None = None, **given: Any) -> Exit:
    return Exit(code, signal, given.get("timed_out", False), given.get("interrupted", False), 1.5)


def check(passed: bool, category: str | None = "missing", **fields: Any) -> Check:
    made = {"rule_type": "file_exists", "passed": passed, "path": "p", "error_message": "it failed", "confidence": 1.0}
    made |= fields
    if not passed and category:
        made["failure_category"] = category
    return cast(Check, made)


GOOD, BAD, SKIPPED = check(True), check(False), check(False, "skipped", error_message="not checked")


@pytest.mark.parametrize(
    ("exit_", "checks", "oom", "outcome", "reason"),
    [
        (ended(), [], False, "completed", ""),
        (ended(3), [], False, "failed", "ExitCode"),
        (ended(None, 9), [], False, "failed", "Signal"),
        (ended(None, 9), [], True, "failed", "OutOfMemory"),
        (ended(137), [], True, "failed", "OutOfMemory"),
        (ended(), [], True, "completed", ""),
        (ended(), [GOOD], False, "completed", ""),
        (ended(3), [GOOD], False, "completed", ""),
        (ended(None, 9), [GOOD], True, "completed", ""),
        (ended(), [BAD], False, "failed", "ValidationFailed"),
        (ended(), [GOOD, BAD], True, "failed", "ValidationFailed"),
        (ended(3), [BAD], False, "failed", "ExitCode"),
        (ended(3), [GOOD, BAD], False, "failed", "ValidationFailed"),  # from 50 % on the rules tell more
        (ended(3), [GOOD, BAD, BAD], False, "failed", "ExitCode"),
        (ended(3), [GOOD, BAD, SKIPPED, SKIPPED], False, "failed", "ValidationFailed"),
        (ended(None, 15), [BAD], False, "failed", "Signal"),
        (ended(None, 9), [GOOD, BAD], True, "failed", "OutOfMemory"),
        (ended(0, timed_out=True), [], False, "failed", "Timeout"),
    ],
)
def test_what_decides(exit_: Exit, checks: list[Check], oom: bool, outcome: str, reason: str) -> None:
    verdict = verdicts.plain(BRIEF, "pod", "failed", "", "")
    failure = verdicts.failure_of(exit_, BRIEF, Report(), out_of_memory=oom)
    judged = verdicts.judged(verdict, checks, failure)
    assert (judged["outcome"], judged["reason"]) == (outcome, reason)
    assert bool(judged["message"]) is (outcome == "failed")


def test_success_codes_are_the_profiles() -> None:
    brief = cast(Brief, {**BRIEF, "profile": {"cli": {"errors": {"success_exit_codes": [0, 3]}}}})
    assert verdicts.failure_of(ended(3), brief, Report(), out_of_memory=False) is None
    assert verdicts.failure_of(ended(4), brief, Report(), out_of_memory=False) == ("ExitCode", "exit code 4")


def test_a_message_names_the_exit_and_three_failures() -> None:
    checks = [check(False, error_message=f"no {number}") for number in range(5)]
    failure = verdicts.failure_of(ended(3), BRIEF, Report(error="overloaded"), out_of_memory=False)
    judged = verdicts.judged(verdicts.plain(BRIEF, "pod", "failed", "", ""), checks, failure)
    assert judged["message"] == "exit code 3: overloaded; no 0; no 1; no 2"
    assert (judged["validation_passed"], judged["pass_percentage"]) == (False, 0.0)
    assert judged["failed_rules"] == ["p"] * 5


def test_a_message_says_the_authors_words_and_first_what_was_seen() -> None:
    checks = [SKIPPED, GOOD, check(False, description="It has a summary"), check(False, error_message="")]
    judged = verdicts.judged(verdicts.plain(BRIEF, "pod", "failed", "", ""), checks, None)
    assert judged["message"] == "It has a summary: it failed; p: failed; not checked"


def test_without_rules_a_failure_was_not_validated() -> None:
    judged = verdicts.judged(verdicts.plain(BRIEF, "pod", "failed", "", ""), [], ("ExitCode", "exit code 3"))
    assert "validation_passed" not in judged
    assert "pass_percentage" not in judged


@pytest.mark.parametrize(
    ("exit_", "expected"),
    [
        (ended(), {"exit_code": 0, "exit_reason": "completed"}),
        (ended(3), {"exit_code": 3, "exit_reason": "error"}),
        (ended(None, 9), {"exit_signal": 9, "exit_reason": "killed"}),
        (ended(None, 15, timed_out=True), {"exit_signal": 15, "exit_reason": "timeout"}),
        (ended(0, interrupted=True), {"exit_code": 0, "exit_reason": "killed"}),
    ],
)
def test_a_performance(exit_: Exit, expected: dict[str, Any]) -> None:
    verdict = verdicts.plain(BRIEF, "pod", "failed", "", "")
    made = verdicts.with_performance(verdict, exit_, Report(input_tokens=3), (b"out", b"x" * 9000), 1000.0)
    assert {key: made[key] for key in ("exit_code", "exit_signal", "exit_reason") if key in made} == expected  # type: ignore[literal-required]
    assert (made["started_at"], made["ended_at"], made["duration_seconds"]) == (998.5, 1000.0, 1.5)
    assert (made["stdout_tail"], len(made["stderr_tail"]), made["output_truncated"]) == ("out", 8192, True)
    assert (made["input_tokens"], "output_tokens" in made) == (3, False)


def test_a_plain_message_is_one_line() -> None:
    assert verdicts.plain(BRIEF, "pod", "failed", "RunnerFailed", "a\nb\t c")["message"] == "a b c"


def test_each_kind_of_rule_is_counted():
    told = verdicts.plain(BRIEF, "uid", "failed", "", "")
    checks = [GOOD, BAD, check(True, rule_type="command_succeeds")]
    assert verdicts.judged(told, checks, None)["rules_by_kind"] == {"file_exists": [1, 2], "command_succeeds": [1, 1]}
    assert "rules_by_kind" not in verdicts.judged(verdicts.plain(BRIEF, "uid", "failed", "", ""), [], None)
