"""Another instrument takes the place of one that cannot play (semantics §2.10).

A sheet goes down its chain and never back up within a run, so that nothing goes round: which place of the chain plays
stands in the status, and a restart begins at the first again. What is limited or not there is passed over, but stays
ahead of the sheet only if it comes later in the chain.
"""

from typing import Final, Literal

from marianne_operator.model.status import InstrumentFallback, SheetStatus
from marianne_operator.plan import limits
from marianne_operator.plan.clock import stamp
from marianne_operator.plan.draft import Draft
from marianne_operator.plan.failures import Failure
from marianne_operator.plan.gates import unavailable
from marianne_runner.contract import Performer

Reason = Literal[
    "rate_limit",
    "unavailable",
    "auth_failure",
    "validation_failed",
    "validation_incomplete",
    "execution_timeout",
    "execution_crashed",
    "execution_stale",
    "execution_failed",
]
REMEMBERED: Final = 10
"""Changes of instrument that a sheet's status keeps, the latest."""
OF_GATE: Final[dict[str, Reason]] = {
    "InstrumentNotFound": "unavailable",
    "InstrumentImageUnset": "unavailable",
    "InstrumentFailing": "unavailable",
    "RateLimited": "rate_limit",
}
"""Reasons to wait that are the instrument's, not the sheet's."""
IN_VAIN: Final = frozenset({"E304", "E401"})
"""A template that cannot be rendered, a workspace older than the job: the same with every instrument."""


def playing(draft: Draft, sheet: SheetStatus) -> int:
    """Which of the score's performers plays this sheet now."""
    compiled = draft.score["sheets"][sheet.num - 1]
    chain: list[int] = [compiled["performer"], *compiled.get("fallbacks", [])]
    return chain[min(sheet.fallback, len(chain) - 1)]


def performer(draft: Draft, sheet: SheetStatus) -> Performer:
    """The same as what the score says of it."""
    return draft.score["performers"][playing(draft, sheet)]


def advance(draft: Draft, sheet: SheetStatus, reason: Reason, message: str) -> SheetStatus | None:
    """The sheet, pending on the next instrument that can play, with all its tries before it; None: there is none."""
    chain = draft.score["sheets"][sheet.num - 1].get("fallbacks", [])
    for place in range(sheet.fallback, len(chain)):
        name = draft.score["performers"][chain[place]]["instrument"]
        if unavailable(draft, name) is None and not limits.holds(draft, name):
            return _moved(draft, sheet, place + 1, reason, message)
    return None


def after_exhaustion(draft: Draft, sheet: SheetStatus, failure: Failure, message: str) -> SheetStatus | None:
    """Whoever has used up its tries hands over, unless what fails is not the instrument's."""
    if failure.code in IN_VAIN:
        return None
    return advance(draft, sheet, _reason(sheet, failure), message)


def _reason(sheet: SheetStatus, failure: Failure) -> Reason:
    match failure.category, failure.code:
        case "validation", _:
            return "validation_incomplete" if sheet.last_pass_percentage else "validation_failed"
        case "timeout", "E006":
            return "execution_stale"
        case "timeout", _:
            return "execution_timeout"
        case "signal", _:
            return "execution_crashed"
    return "execution_failed"


def _moved(draft: Draft, sheet: SheetStatus, place: int, reason: Reason, message: str) -> SheetStatus:
    before = performer(draft, sheet)["instrument"]
    moved = sheet.to(fallback=place)
    after = performer(draft, moved)["instrument"]
    record = InstrumentFallback(from_=before, to=after, reason=reason, time=stamp(draft.now))
    draft.warn("InstrumentFallback", f"sheet {sheet.num} goes on with {after!r}: {before!r}: {reason}: {message}")
    return moved.to(
        state="pending",
        instrument=after,
        model=None,
        instrument_fallbacks=[*sheet.instrument_fallbacks, record][-REMEMBERED:],
        normal_attempts=0,
        completion_attempts=0,
        execution_mode=None,
        recent_errors=[],
        waiting=None,
        next_retry_at=None,
        completed_at=None,
    )
