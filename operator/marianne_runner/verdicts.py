"""From what was seen to what is said: the verdict of one attempt."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal, cast

from marianne_runner.aggregates import by_kind, confidence, executed, was_skipped
from marianne_runner.checks import label, pass_percentage
from marianne_runner.command import interface
from marianne_runner.contract import PROTOCOL, Brief, Check, Outcome, Verdict, VerdictReason, encode_message
from marianne_runner.output import Report
from marianne_runner.perform import Exit

Failure = tuple[VerdictReason, str]
TAIL_BYTES: Final = 8 * 1024
"""Of each stream in a verdict: the ledger has files for the rest, and the termination message has room for less."""
THRESHOLD_PERCENT: Final = 50.0
"""From here on the rules that fail tell more than the exit code does (semantics §2.5); unless the score has another."""


def plain(brief: Brief, pod_uid: str, outcome: Outcome, reason: VerdictReason, message: str) -> Verdict:
    """A verdict without a performance."""
    return Verdict(
        protocol=PROTOCOL,
        pod_uid=pod_uid,
        run=brief.get("run", 0),
        sheet=brief.get("sheet", 0),
        attempt=brief.get("attempt", 0),
        outcome=outcome,
        reason=reason,
        message=" ".join(message.split()),
        passed_rules=[],
        failed_rules=[],
    )


def repeated(verdict: dict[str, Any], pod_uid: str, attempt: int) -> Verdict:
    """As the ledger holds it, said by another Pod or for the next attempt: nothing ran, nothing is paid."""
    again = cast(Verdict, {key: value for key, value in verdict.items() if key != "digest"})
    if again["pod_uid"] != pod_uid or again["attempt"] != attempt:
        again.setdefault("performed_by", again["pod_uid"])
    again["pod_uid"], again["attempt"] = pod_uid, attempt
    return again


def with_performance(verdict: Verdict, ended: Exit, report: Report, tails: tuple[bytes, bytes], now: float) -> Verdict:
    """What the instrument did, said and cost. `now`: seconds since the epoch, when it ended."""
    verdict["started_at"], verdict["ended_at"] = now - ended.seconds, now
    verdict["duration_seconds"] = ended.seconds
    if ended.code is not None:
        verdict["exit_code"] = ended.code
    if ended.signal_number is not None:
        verdict["exit_signal"] = ended.signal_number
    verdict["exit_reason"] = _exit_reason(ended)
    stdout, stderr = (tail[-TAIL_BYTES:].decode(errors="replace") for tail in tails)
    if stdout:
        verdict["stdout_tail"] = stdout
    if stderr:
        verdict["stderr_tail"] = stderr
    if any(len(tail) > TAIL_BYTES for tail in tails):
        verdict["output_truncated"] = True
    if report.input_tokens is not None:
        verdict["input_tokens"] = report.input_tokens
    if report.output_tokens is not None:
        verdict["output_tokens"] = report.output_tokens
    if report.cost_micro_usd is not None:
        verdict["cost_micro_usd"] = report.cost_micro_usd
    return verdict


def is_success(ended: Exit, brief: Brief) -> bool:
    """By the profile's exit codes."""
    errors = interface(brief["profile"]).get("errors") or {}
    stopped = ended.timed_out or ended.interrupted
    return not stopped and ended.code is not None and ended.code in (errors.get("success_exit_codes") or [0])


def failure_of(ended: Exit, brief: Brief, report: Report, *, out_of_memory: bool) -> Failure | None:
    """What went wrong with the performance, the most telling first; None where nothing did."""
    said = f": {report.error}" if report.error else ""
    if ended.stale:
        return "Timeout", ended.stale
    if ended.timed_out:
        return "Timeout", f"still running after {brief['timeout_seconds']:g} s"
    if is_success(ended, brief):
        return None
    if out_of_memory:
        return "OutOfMemory", "the kernel killed it for memory; raise sheetTemplate.resources.limits.memory"
    if ended.code is None:
        return "Signal", f"killed by signal {ended.signal_number}{said}"
    return "ExitCode", f"exit code {ended.code}{said}"


def judged(
    verdict: Verdict, checks: Sequence[Check], failure: Failure | None, threshold: float = THRESHOLD_PERCENT
) -> Verdict:
    """With its checks: rules that all hold complete the sheet, whatever the exit code; without rules the exit decides.

    `failure`: what went wrong with the performance itself. `threshold`: of the rules, in percent.
    """
    failed = [check for check in checks if not check["passed"]]
    disk_full = verdict.pop("disk_full", "")
    if checks:
        verdict["validation_passed"] = not failed
        verdict["checks"] = list(checks)
        verdict["rules_by_kind"] = by_kind(checks)
    verdict["passed_rules"] = [label(check) for check in checks if check["passed"]]
    verdict["failed_rules"] = [label(check) for check in failed]
    if not failed and (checks or failure is None):
        verdict["validation_passed"], verdict["pass_percentage"] = True, 100.0
        verdict["outcome"], verdict["reason"], verdict["message"] = "completed", "", ""
        return verdict
    if checks:
        verdict["pass_percentage"] = pass_percentage(checks)
        verdict["executed_pass_percentage"] = pass_percentage(executed(checks))
        verdict["confidence"] = confidence(checks)
    verdict["outcome"] = "failed"
    told = [_told(check) for check in sorted(failed, key=was_skipped)[:3]]
    verdict["reason"] = _reason(checks, failure, threshold)
    verdict["message"] = "; ".join(filter(None, [failure[1] if failure else "", disk_full, *told]))
    return verdict


def _told(check: Check) -> str:
    """Why a rule does not hold, under its author's name for it."""
    why = check.get("error_message") or "failed"
    return f"{label(check)}: {why}" if "description" in check or why == "failed" else why


def _reason(checks: Sequence[Check], failure: Failure | None, threshold: float) -> VerdictReason:
    seen = executed(checks)
    mostly_met = bool(seen) and pass_percentage(seen) >= threshold
    if failure is None or (mostly_met and failure[0] in ("ExitCode", "Signal")):
        return "ValidationFailed"
    return failure[0]


def _exit_reason(ended: Exit) -> Literal["completed", "timeout", "killed", "error"]:
    if ended.timed_out:
        return "timeout"
    if ended.code is None or ended.interrupted:
        return "killed"
    return "completed" if ended.code == 0 else "error"


def speak(verdict: Verdict, termination: Path, key: str = "") -> None:
    """The termination message, signed where there is a key; truncated first, as the instrument may have written it."""
    with termination.open("wb") as file:
        file.write(encode_message(verdict, key))
