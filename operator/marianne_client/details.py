"""A sheet of the status as Marianne's sheet details: 33 keys, all of them always there (semantics §3)."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic.alias_generators import to_camel

RENAMED: Final = {"sheet_num": "num", "status": "state"}
DEFAULTS: Final[Mapping[str, Any]] = {
    "sheet_num": None,
    "status": "pending",
    "started_at": None,
    "completed_at": None,
    "attempt_count": 0,
    "exit_code": None,
    "error_message": None,
    "error_category": None,
    "validation_passed": None,
    "validation_details": [],
    "execution_duration_seconds": None,
    "exit_signal": None,
    "exit_reason": None,
    "completion_attempts": 0,
    "passed_validations": [],
    "failed_validations": [],
    "last_pass_percentage": None,
    "execution_mode": None,
    "confidence_score": None,
    "outcome_category": None,
    "success_without_retry": False,
    "stdout_tail": None,
    "stderr_tail": None,
    "output_truncated": False,
    "preflight_warnings": [],
    "applied_pattern_descriptions": [],
    "grounding_passed": None,
    "grounding_confidence": None,
    "grounding_guidance": None,
    "input_tokens": None,
    "output_tokens": None,
    "estimated_cost": None,
    "cost_confidence": 1.0,
}
"""In the seed's order; the status omits what is null or a default."""
MICRO: Final = 1_000_000


def sheet_details(item: Mapping[str, Any]) -> dict[str, Any]:
    """From one item of `status.sheets`."""
    told = {key: item.get(RENAMED.get(key) or to_camel(key), default) for key, default in DEFAULTS.items()}
    if (micro := item.get("estimatedCostMicroUsd")) is not None:
        told["estimated_cost"] = micro / MICRO
    return told


def sheet_of(job: Mapping[str, Any], num: int) -> Mapping[str, Any] | None:
    """The item of that number, once the job was accepted."""
    sheets = (job.get("status") or {}).get("sheets") or []
    return next((item for item in sheets if item["num"] == num), None)
