"""When what is missing is worth finishing, instead of beginning again (semantics §2.5)."""

from typing import Final

from marianne_operator.model.status import SheetStatus
from marianne_runner.contract import Retry, Verdict

TRUSTED: Final = 0.3
"""Checks that were less sure than this of what they saw do not tell what is missing."""


def worth_completing(retry: Retry, sheet: SheetStatus, told: Verdict) -> bool:
    """More of the rules that were looked at hold than the score's threshold, and not every completion is used up."""
    met = told.get("executed_pass_percentage", 0.0)
    left = sheet.completion_attempts < retry["max_completion_attempts"]
    return left and met > retry["completion_threshold_percent"] and told.get("confidence", 1.0) >= TRUSTED
