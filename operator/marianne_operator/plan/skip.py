"""Sheets that their own condition skips, once their dependencies are satisfied and before their first attempt.

A skip satisfies dependants and never fails the job. What cannot be evaluated skips nothing (semantics §2.11).
"""

from typing import Final

from marianne_operator.model.money import MICRO
from marianne_operator.model.status import SheetStatus
from marianne_operator.plan.clock import stamp
from marianne_operator.plan.draft import Draft
from marianne_operator.plan.ready import startable
from marianne_operator.score.skip_expression import Record, SkipExpressionError, skips

RENAMED: Final = {"sheet_num": "num", "status": "state", "instrument_name": "instrument", "instrument_model": "model"}
PLAIN: Final = (
    *("attempt_count", "normal_attempts", "completion_attempts", "exit_code", "exit_signal", "exit_reason"),
    *("error_message", "error_category", "error_code", "validation_passed", "validation_details"),
    *("passed_validations", "failed_validations", "last_pass_percentage", "execution_mode"),
    *("execution_duration_seconds", "confidence_score", "outcome_category", "success_without_retry"),
    *("stdout_tail", "stderr_tail", "output_truncated", "input_tokens", "output_tokens", "started_at", "completed_at"),
    "cost_confidence",
)
"""Marianne's names of a sheet's fields, as far as the status has them."""


def skip_by_condition(draft: Draft) -> None:
    """One skip may be what another condition, or another sheet, waits for."""
    conditions = draft.score.get("skip_when") or {}
    looked_at: set[int] = set()
    while conditions:
        turn = [each for each in startable(draft) if str(each.num) in conditions and each.num not in looked_at]
        for sheet in turn:
            looked_at.add(sheet.num)
            if sheet.attempt_count == 0 and _holds(draft, sheet, conditions[str(sheet.num)]):
                draft.put(_skipped(draft, sheet, conditions[str(sheet.num)]))
        if not turn:
            return


def _holds(draft: Draft, sheet: SheetStatus, expression: str) -> bool:
    sheets = {each.num: _record(each) for each in draft.sheets}
    try:
        return skips(expression, sheets, _job(draft, sheets))
    except SkipExpressionError as error:
        draft.warn("SkipConditionFailed", f"sheet {sheet.num} runs: skip_when {expression!r}: {error}"[:1024])
        return False


def _record(sheet: SheetStatus) -> Record:
    micro = sheet.estimated_cost_micro_usd
    return Record(
        {name: getattr(sheet, name) for name in PLAIN}
        | {name: getattr(sheet, ours) for name, ours in RENAMED.items()}
        | {"estimated_cost": None if micro is None else micro / MICRO}
    )


def _job(draft: Draft, sheets: dict[int, Record]) -> Record:
    job, status = draft.seen.job, draft.status
    done = [each.num for each in draft.sheets if each.state == "completed"]
    return Record(
        {
            "job_id": job.name,
            "job_name": draft.score["name"],
            "status": "running",
            "total_sheets": len(draft.sheets),
            "total_stages": draft.score["total_stages"],
            "last_completed_sheet": max(done, default=0),
            "total_retry_count": status.total_retries,
            "total_input_tokens": status.total_input_tokens,
            "total_output_tokens": status.total_output_tokens,
            "total_estimated_cost": status.total_cost_micro_usd / MICRO,
            "sheets": sheets,
        }
    )


def _skipped(draft: Draft, sheet: SheetStatus, expression: str) -> SheetStatus:
    return sheet.to(
        state="skipped",
        error_message=f"Condition met: {expression}"[:1024],
        completed_at=stamp(draft.now),
        waiting=None,
        next_retry_at=None,
    )
