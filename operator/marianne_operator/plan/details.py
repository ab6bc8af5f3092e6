"""A verdict as the sheet details of the status.

Tails are cut here by the number of sheets (design §5): to 10 sheets 400 bytes each; to 100, 200 bytes for both and for
failed sheets only; above, none. `fit` sees to the size of the whole.
"""

from typing import Any, Final

from marianne_operator.model.pod import PodView
from marianne_operator.plan.clock import seconds, stamp
from marianne_runner.contract import Check, Verdict

SHOWN: Final = 50
LABEL_CHARACTERS: Final = 100
CHECK_CHARACTERS: Final = 120
OF_A_VALIDATION: Final = ("validation_passed", "pass_percentage", "passed_rules", "failed_rules", "checks")
NOTES, NOTE_CHARACTERS, TEXT_CHARACTERS = 8, 200, 400


def details(verdict: Verdict, total_sheets: int, *, failed: bool) -> dict[str, Any]:
    """Fields of `SheetStatus`."""
    limit = tail_limit(total_sheets, failed=failed)
    started, ended = verdict.get("started_at"), verdict.get("ended_at")
    return {
        "started_at": None if started is None else stamp(started),
        "completed_at": None if ended is None else stamp(ended),
        "exit_code": verdict.get("exit_code") if failed else 0,
        "exit_signal": verdict.get("exit_signal") if failed else None,
        "exit_reason": verdict.get("exit_reason") if failed else None,
        "execution_duration_seconds": _rounded(verdict.get("duration_seconds")),
        **_validation(verdict),
        "stdout_tail": _tail(verdict.get("stdout_tail"), limit),
        "stderr_tail": _tail(verdict.get("stderr_tail"), limit),
        "output_truncated": verdict.get("output_truncated", False),
        "preflight_warnings": [_cut(told, NOTE_CHARACTERS) for told in verdict.get("preflight_warnings", ())[:NOTES]],
        "grounding_passed": verdict.get("grounding_passed"),
        "grounding_confidence": _rounded(verdict.get("grounding_confidence")),
        "grounding_guidance": _cut(verdict.get("grounding_guidance", ""), TEXT_CHARACTERS) or None,
        "agent_feedback": _cut(verdict.get("agent_feedback", ""), TEXT_CHARACTERS) or None,
        "healing": [_cut(told, NOTE_CHARACTERS) for told in verdict.get("healing", ())[:NOTES]],
    }


def _validation(verdict: Verdict) -> dict[str, Any]:
    """Of the last one that took place: an attempt that was stopped was not looked at."""
    if verdict["outcome"] == "failed" and not any(verdict.get(key) not in (None, []) for key in OF_A_VALIDATION):
        return {}
    return {
        "validation_passed": verdict.get("validation_passed"),
        "last_pass_percentage": _rounded(verdict.get("pass_percentage")),
        "passed_validations": [_cut(label, LABEL_CHARACTERS) for label in verdict["passed_rules"][:SHOWN]],
        "failed_validations": [_cut(label, LABEL_CHARACTERS) for label in verdict["failed_rules"][:SHOWN]],
        "validation_details": [_check(check) for check in verdict.get("checks", ())[:SHOWN] if not check["passed"]],
    }


def began(pod: PodView) -> str | None:
    """When its container was started, for an attempt that tells nothing itself."""
    started = pod.container.started_at if pod.container is not None else None
    return None if started is None else stamp(started)


def since(first: str, last: str) -> float:
    """Seconds from one to the other; clocks of two nodes may differ."""
    return round(max(0.0, seconds(last) - seconds(first)), 3)


def tail_limit(total_sheets: int, *, failed: bool) -> int:
    """Bytes of each tail."""
    if total_sheets <= 10:
        return 400
    return 100 if total_sheets <= 100 and failed else 0


def _tail(text: str | None, limit: int) -> str | None:
    if not text or not limit:
        return None
    return text.encode()[-limit:].decode(errors="ignore") or None


def _check(check: Check) -> dict[str, Any]:
    return {key: _cut(value, CHECK_CHARACTERS) if isinstance(value, str) else value for key, value in check.items()}


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 3)
