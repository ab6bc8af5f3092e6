"""A sheet's item in the status, made small enough that any number of sheets can afford it.

A finished item can never be written again, so its size is fixed by the number of sheets alone (design §5: 10 sheets
under 25 KB, 100 under 60 KB, 500 under 200 KB, whatever the verdicts say). What tells least goes first; what goes last
can be derived: a completed sheet's exit code is 0 and its rules passed, its outcome follows from its attempts, and the
Pod's name from the job and the attempt, the model from the score.
"""

import json
from typing import Any, Final

from pydantic.alias_generators import to_camel

from marianne_operator.model.status import SheetStatus

BUDGETS: Final = ((10, 2200), (100, 560), (500, 375))
"""(sheets up to, bytes of JSON for each)."""
AGAIN_BYTES: Final = 1200
"""A sheet that will try again is written again, and its next attempt is told which rules failed."""

_LADDER: Final[tuple[tuple[str, int], ...]] = (
    ("passed_validations", 10),
    ("validation_details", 10),
    ("agent_feedback", 200),
    ("passed_validations", 3),
    ("validation_details", 3),
    ("preflight_warnings", 2),
    ("healing", 2),
    ("approvals", 3),
    ("failed_validations", 10),
    ("passed_validations", 0),
    ("instrument_fallbacks", 3),
    ("stdout_tail", 200),
    ("stderr_tail", 200),
    ("validation_details", 1),
    ("error_message", 256),
    ("grounding_guidance", 200),
    ("agent_feedback", 100),
    ("stdout_tail", 100),
    ("stderr_tail", 100),
    ("failed_validations", 3),
    ("preflight_warnings", 0),
    ("healing", 0),
    ("validation_details", 0),
    ("grounding_confidence", 0),
    ("agent_feedback", 0),
    ("confidence_score", 0),
    ("success_without_retry", 0),
    ("outcome_category", 0),
    ("execution_mode", 0),
    ("instrument_fallbacks", 1),
    ("stdout_tail", 0),
    ("validation_passed", 0),
    ("last_pass_percentage", 0),
    ("grounding_guidance", 0),
    ("diagnosis", 120),
    ("output_truncated", 0),
    ("exit_reason", 0),
    ("failed_validations", 1),
    ("stderr_tail", 0),
    ("error_message", 120),
    ("failed_validations", 0),
    ("instrument_fallbacks", 0),
    ("grounding_passed", 0),
    ("diagnosis", 0),
    ("answer", 0),
    ("approvals", 1),
    ("exit_code", 0),
    ("execution_duration_seconds", 0),
    ("error_category", 0),
    ("error_message", 60),
    ("approvals", 0),
    ("pod_uid", 0),
    ("pod_name", 0),
    ("model", 0),
    ("started_at", 0),
)
"""(field, what is left of it): bytes of a text, entries of a list, 0 for nothing. The least telling first."""
_NEEDED_AGAIN: Final = frozenset(
    {"execution_mode", "approvals", "answer", "pod_uid", "pod_name", "model", "started_at"}
)
"""Of a sheet that goes on."""

_NEWEST: Final = frozenset({"instrument_fallbacks", "approvals"})
"""Lists whose end tells most."""


def fitted(sheet: SheetStatus, total_sheets: int) -> SheetStatus:
    """The item, as much of it as fits."""
    limit = next((size for sheets, size in BUDGETS if total_sheets <= sheets), BUDGETS[-1][1])
    ladder = _LADDER
    if not sheet.terminal:
        limit, ladder = max(limit, AGAIN_BYTES), tuple(step for step in _LADDER if step[0] not in _NEEDED_AGAIN)
    body = sheet.model_dump(by_alias=True, exclude_defaults=True, mode="json")
    size, changes = _size(body), dict[str, Any]()
    for field, left in ladder:
        if size <= limit:
            break
        key = to_camel(field)
        if key in body:
            old = body.pop(key)
            changes[field] = _shrunk(field, changes.get(field, getattr(sheet, field)), left)
            size -= _size({key: old})
            if left:
                body[key] = _shrunk(field, old, left)
                size += _size({key: body[key]})
    return sheet.to(**changes) if changes else sheet


def _size(body: dict[str, Any]) -> int:
    """Bytes of JSON, as the API server keeps it."""
    return len(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()) - 1


def _shrunk(field: str, value: Any, left: int) -> Any:  # noqa: ANN401  (one of many fields)
    if not left:
        return SheetStatus.model_fields[field].get_default()
    if isinstance(value, list):
        return value[-left:] if field in _NEWEST else value[:left]
    text = str(value).encode()
    return (text[-left:] if field.endswith("_tail") else text[:left]).decode(errors="ignore")
