"""A sheet has used up its tries, or trying again would be in vain: what is left before it fails for good.

In this order (semantics §2.7): another instrument, a remedy, a person's decision.
"""

from marianne_operator.model.status import SheetStatus
from marianne_operator.plan import approval, fallback
from marianne_operator.plan.draft import Draft
from marianne_operator.plan.failures import Failure
from marianne_operator.plan.healing import healed
from marianne_operator.plan.outcome import Ended
from marianne_operator.plan.uncharged import given_up


def exhausted(draft: Draft, sheet: SheetStatus, ended: Ended, failure: Failure, message: str) -> SheetStatus:
    """`message`: for the event, should nothing be left."""
    if (moved := fallback.after_exhaustion(draft, sheet, failure, message)) is not None:
        return moved
    if (mended := healed(draft, sheet, ended)) is not None:
        return mended
    if (held := approval.escalated(draft, sheet)) is not None:
        return held
    return given_up(draft, sheet, message)
