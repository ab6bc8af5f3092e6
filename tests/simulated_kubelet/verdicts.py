"""Verdicts as a runner would give them, for Pods in which none runs."""

from collections.abc import Callable
from typing import get_args

from marianne_runner.contract import PROTOCOL, Brief, Outcome, Verdict, VerdictReason


def completed(brief: Brief, uid: str) -> Verdict:
    """Done, every rule passed."""
    return _verdict(brief, uid, "completed", "", "") | {"exit_code": 0, "validation_passed": True}


def failed(reason: str) -> Callable[[Brief, str], Verdict]:
    """Failed for one of the contract's reasons."""
    if reason not in get_args(VerdictReason):
        raise ValueError(f"{reason!r} is no reason of the contract")

    def speak(brief: Brief, uid: str) -> Verdict:
        return _verdict(brief, uid, "failed", reason, f"as the script says: {reason}") | {"failed_rules": ["a rule"]}

    return speak


def interrupted(brief: Brief, uid: str) -> Verdict:
    """SIGTERM came while the instrument ran."""
    return _verdict(brief, uid, "interrupted", "", "stopped while the instrument ran")


def _verdict(brief: Brief, uid: str, outcome: Outcome, reason: str, message: str) -> Verdict:
    return Verdict(
        protocol=PROTOCOL,
        pod_uid=uid,
        run=brief["run"],
        sheet=brief["sheet"],
        attempt=brief["attempt"],
        outcome=outcome,
        reason=reason,  # type: ignore[typeddict-item]  # checked by `failed`
        message=message,
        passed_rules=[],
        failed_rules=[],
    )
