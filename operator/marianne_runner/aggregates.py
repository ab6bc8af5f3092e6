"""What a sheet's checks come to as a whole (semantics §6.6)."""

from collections.abc import Sequence
from typing import Final

from marianne_runner.contract import Check

PASSED_WEIGHT: Final = 2
"""Of a rule that holds, beside one that does not: what is there is seen more surely than what is missing."""


def was_skipped(check: Check) -> bool:
    """An earlier stage failed, so nobody looked."""
    return check.get("failure_category") == "skipped"


def executed(checks: Sequence[Check]) -> list[Check]:
    """Those that were looked at."""
    return [check for check in checks if not was_skipped(check)]


def by_kind(checks: Sequence[Check]) -> dict[str, list[int]]:
    """By the type of rule: how many hold, and of how many."""
    found: dict[str, list[int]] = {}
    for check in checks:
        held = found.setdefault(check["rule_type"], [0, 0])
        held[0] += check["passed"]
        held[1] += 1
    return found


def confidence(checks: Sequence[Check]) -> float:
    """How sure they are of what they saw, together; one that was skipped saw nothing. 1 where there are none."""
    weights = [PASSED_WEIGHT if check["passed"] else 1 for check in checks]
    sure = sum(weight * check["confidence"] for weight, check in zip(weights, checks, strict=True))
    return sure / sum(weights) if checks else 1.0
