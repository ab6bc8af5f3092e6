"""What a failure does to the sheets that have not started (semantics §2.9, §4.4)."""

from typing import Final

from marianne_operator.model.status import SheetStatus
from marianne_operator.plan.clock import stamp
from marianne_operator.plan.draft import Draft
from marianne_operator.plan.ready import needs

CASCADE_CODE: Final = "E999"
"""Tells a sheet that could not run from one that was skipped on purpose, which satisfies its dependants."""


def propagate(draft: Draft) -> None:
    """Dependants of what failed are skipped, transitively; with fail-fast, everything that has not started."""
    failed = next((sheet.num for sheet in draft.sheets if sheet.state == "failed"), None)
    if failed is not None and _fails_fast(draft):
        for sheet in _unstarted(draft):
            draft.put(_skipped(draft, sheet, f"Not started: sheet {failed} failed"))
    spread = True
    while spread:
        spread = False
        for sheet in _unstarted(draft):
            if cause := _cause(draft, sheet):
                draft.put(_skipped(draft, sheet, f"Blocked by failed dependency: sheet {cause}"))
                spread = True


def _fails_fast(draft: Draft) -> bool:
    parallel = draft.score["parallel"]
    return parallel["fail_fast"] or not parallel["enabled"]


def _unstarted(draft: Draft) -> list[SheetStatus]:
    return [sheet for sheet in draft.sheets if not sheet.terminal and not sheet.active]


def _cause(draft: Draft, sheet: SheetStatus) -> int | None:
    for number in needs(draft, sheet.num):
        needed = draft.sheets[number - 1]
        if needed.terminal and not needed.satisfied:
            return number
    return None


def _skipped(draft: Draft, sheet: SheetStatus, message: str) -> SheetStatus:
    return sheet.to(
        state="skipped",
        error_code=CASCADE_CODE,
        error_message=message,
        completed_at=stamp(draft.now),
        waiting=None,
        next_retry_at=None,
    )
