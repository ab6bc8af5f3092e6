"""A sheet of the status as Marianne's sheet details: 33 keys, all of them always there (semantics §3).

The status has less room the more sheets a job has. What it left out is taken from the Pod's verdict, where that is
still there, and from what is known of every completed sheet.
"""

from collections.abc import Mapping
from typing import Any, Final

from pydantic.alias_generators import to_camel

from marianne_operator.model.money import MICRO
from marianne_runner.contract import Verdict

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


OF_THE_LATEST: Final = (
    "exit_code",
    "exit_signal",
    "exit_reason",
    "preflight_warnings",
    "grounding_passed",
    "grounding_confidence",
    "output_truncated",
    "validation_passed",
)
"""Keys that the verdict has by the same name, and that a success takes no part in or has as they are."""
LONGER: Final = ("stdout_tail", "stderr_tail", "grounding_guidance")
"""Texts that the status cuts."""


def sheet_details(item: Mapping[str, Any], verdict: Verdict | None = None) -> dict[str, Any]:
    """From one item of `status.sheets`; `verdict`: of its latest attempt."""
    told = {key: item.get(RENAMED.get(key) or to_camel(key), default) for key, default in DEFAULTS.items()}
    if (micro := item.get("estimatedCostMicroUsd")) is not None:
        told["estimated_cost"] = micro / MICRO
    if verdict is not None and told["status"] in ("completed", "failed", "retry_scheduled", "waiting", "fermata"):
        _add_what_it_told(told, verdict)
    accepted = any(each["decision"] == "accept" for each in item.get("approvals", ()))
    if told["status"] == "completed" and told["attempt_count"] and not accepted:
        _add_what_follows(told)
    told["validation_details"] = [*told["validation_details"], *_passed(told)]
    return told


def _add_what_it_told(told: dict[str, Any], verdict: Verdict) -> None:
    """Only what the status does not say, or says in short."""
    failed = told["status"] != "completed"
    for key in OF_THE_LATEST:
        if told[key] == DEFAULTS[key] and (failed or not key.startswith("exit_")):
            told[key] = verdict.get(key, DEFAULTS[key])
    for key in LONGER:
        if len(said := str(verdict.get(key, ""))) > len(told[key] or ""):
            told[key] = said
    if told["last_pass_percentage"] is None:
        told["last_pass_percentage"] = verdict.get("pass_percentage")
    if verdict["passed_rules"] or verdict["failed_rules"]:
        told["passed_validations"], told["failed_validations"] = verdict["passed_rules"], verdict["failed_rules"]
        told["validation_details"] = [dict(check) for check in verdict.get("checks", ()) if not check["passed"]]


def _add_what_follows(told: dict[str, Any]) -> None:
    """Whoever completed a sheet met its rules; how often it was started says how."""
    first = told["attempt_count"] <= 1 and not told["completion_attempts"]
    again = "success_completion" if told["completion_attempts"] else "success_retry"
    told["exit_code"], told["success_without_retry"] = 0, first
    known = {
        "validation_passed": True,
        "last_pass_percentage": 100.0,
        "confidence_score": 1.0,
        "outcome_category": "success_first_try" if first else again,
    }
    told.update({key: value for key, value in known.items() if told[key] is None})


def _passed(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rules that hold, by their labels: what was seen of them stands in the ledger alone."""
    return [{"description": label, "passed": True} for label in told["passed_validations"]]


def sheet_of(job: Mapping[str, Any], num: int) -> Mapping[str, Any] | None:
    """The item of that number, once the job was accepted."""
    sheets = (job.get("status") or {}).get("sheets") or []
    return next((item for item in sheets if item["num"] == num), None)
