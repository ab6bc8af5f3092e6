"""`spec.selfHealing`: a sheet whose tries are used up gets one more, where something in its workspace can be mended.

The runner, which alone sees the workspace, tells in a failed attempt's verdict what it could mend (`remedies`); where
that is nothing, another try would be paid for in vain. The attempt that follows mends it before its instrument starts,
and goes on mending in every attempt after it, so that a healing whose Pod was lost is a healing all the same.
"""

from marianne_operator.model.status import SheetStatus
from marianne_operator.plan.diagnosis import HEALINGS
from marianne_operator.plan.draft import Draft
from marianne_operator.plan.outcome import Ended
from marianne_runner.contract import Heal


def healed(draft: Draft, sheet: SheetStatus, ended: Ended) -> SheetStatus | None:
    """The sheet with one more try, or None where there is nothing to mend."""
    remedies = ended.told.get("remedies", []) if ended.told is not None else []
    if not remedies or not draft.seen.job.spec.self_healing or sheet.healing_attempts >= HEALINGS:
        return None
    draft.set(total_retries=draft.status.total_retries + 1)
    mended = ", ".join(remedies)
    draft.warn("SheetHealing", f"sheet {sheet.num} has used up its tries, and gets one more: {mended}; {ended.message}")
    return sheet.to(
        state="pending",
        healing_attempts=sheet.healing_attempts + 1,
        recent_errors=[],
        next_retry_at=None,
        completed_at=None,
    )


def heal(draft: Draft, sheet: SheetStatus) -> Heal | None:
    """What the sheet's next attempt is told to do."""
    if not draft.seen.job.spec.self_healing:
        return None
    return "apply" if sheet.healing_attempts else "look"
