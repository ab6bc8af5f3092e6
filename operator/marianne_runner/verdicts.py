"""From what was seen to what is said: the verdict of one attempt."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from marianne_runner.checks import pass_percentage
from marianne_runner.command import Report
from marianne_runner.contract import PROTOCOL, Brief, Check, Outcome, Verdict, VerdictReason, encode_message
from marianne_runner.perform import Ended


def plain(brief: Brief, pod_uid: str, outcome: Outcome, reason: VerdictReason, message: str) -> Verdict:
    """A verdict without a performance."""
    return Verdict(
        protocol=PROTOCOL,
        pod_uid=pod_uid,
        run=brief["run"],
        sheet=brief["sheet"],
        attempt=brief["attempt"],
        outcome=outcome,
        reason=reason,
        message=message,
        passed_rules=[],
        failed_rules=[],
    )


def judged(verdict: Verdict, checks: Sequence[Check], failure: tuple[VerdictReason, str] | None) -> Verdict:
    """With its checks: rules that all hold complete the sheet, whatever the exit code; without rules, the exit decides.

    `failure`: what went wrong with the performance itself.
    """
    passed = all(check["passed"] for check in checks)
    verdict["validation_passed"] = passed
    verdict["pass_percentage"] = pass_percentage(checks)
    verdict["passed_rules"] = [_label(check) for check in checks if check["passed"]]
    verdict["failed_rules"] = [_label(check) for check in checks if not check["passed"]]
    verdict["checks"] = list(checks)
    if passed and (checks or failure is None):
        verdict["outcome"], verdict["reason"], verdict["message"] = "completed", "", ""
        return verdict
    verdict["outcome"] = "failed"
    told = [f"{_label(check)}: {check.get('error_message', 'failed')}" for check in checks if not check["passed"]]
    verdict["reason"], why = failure if failure is not None else ("ValidationFailed", "")
    verdict["message"] = "; ".join([*([why] if why else []), *told[:3]])
    return verdict


def failure_of(ended: Ended, brief: Brief, *, oom: bool, report: Report) -> tuple[VerdictReason, str] | None:
    """What went wrong with the performance, the most telling first; None where nothing did."""
    errors = (brief["profile"].get("cli") or {}).get("errors") or {}
    if ended.timed_out:
        return "Timeout", f"still running after {brief['timeout_seconds']:.0f} s"
    if ended.code is not None and ended.code in (errors.get("success_exit_codes") or [0]):
        return None
    if oom:
        return "OutOfMemory", "the kernel killed it for memory; raise sheetTemplate.resources.limits.memory"
    said = f": {report.error}" if report.error else ""
    if ended.code is None:
        return "Signal", f"killed by signal {ended.signal_number}{said}"
    return "ExitCode", f"exit code {ended.code}{said}"


def with_performance(verdict: Verdict, ended: Ended, report: Report, prompt: str, *, now: float) -> Verdict:
    """What the instrument did, said and cost. `now`: seconds since the epoch, when it ended."""
    verdict["started_at"], verdict["ended_at"] = now - ended.seconds, now
    verdict["duration_seconds"] = ended.seconds
    if ended.code is not None:
        verdict["exit_code"] = ended.code
    if ended.signal_number is not None:
        verdict["exit_signal"] = ended.signal_number
    verdict["exit_reason"] = _exit_reason(ended)
    verdict["stdout_tail"], verdict["stderr_tail"] = _text(ended.stdout), _text(ended.stderr)
    verdict["output_truncated"] = ended.truncated
    verdict["prompt_characters"] = len(prompt)
    if report.input_tokens is not None:
        verdict["input_tokens"] = report.input_tokens
    if report.output_tokens is not None:
        verdict["output_tokens"] = report.output_tokens
    return verdict


def speak(verdict: Verdict, termination: Path) -> None:
    """The termination message; truncated first, because the instrument may have written to it."""
    termination.parent.mkdir(parents=True, exist_ok=True)
    with termination.open("wb") as file:
        file.write(encode_message(verdict))


def _exit_reason(ended: Ended) -> Literal["completed", "timeout", "killed", "error"]:
    if ended.timed_out:
        return "timeout"
    if ended.code is None:
        return "killed"
    return "completed" if ended.code == 0 else "error"


def _label(check: Check) -> str:
    return check.get("description") or check.get("path") or "validation"


def _text(raw: bytes) -> str:
    return raw.decode(errors="replace")
