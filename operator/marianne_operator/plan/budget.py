"""The score's `cost_limits`: what is spent beyond one lets nothing more start, until somebody raises it (decision 022).

Strictly more than the cap: a sheet that ends exactly at it has kept it. Running sheets are let end, since what they
have cost is spent. A sheet beyond its own cap holds the whole job, as Marianne does; one that is finished holds nobody.
"""

import math
from typing import Final

from marianne_operator.model.money import dollars
from marianne_operator.model.names import instrument_object_name
from marianne_operator.model.status import SheetStatus
from marianne_operator.plan.cost import ASSUMED, asks_no_model, price_of
from marianne_operator.plan.draft import Draft
from marianne_runner.contract import CostLimits

REACHED: Final = "BudgetReached"
LEAST: Final = 10_000
"""Millionths of a dollar that a program is told it has left: none takes a limit of nothing."""

UNLIMITED: Final = CostLimits(warn_at_percent=100.0)


def keep(draft: Draft) -> None:
    """Hold new starts back where a cap is exceeded; warn once where most of the job's is spent."""
    limits = draft.score.get("cost_limits") or UNLIMITED
    _warn(draft, limits)
    _let_go(draft, limits)
    if draft.status.ending is not None or draft.seen.job.spec.paused or draft.validates_only:
        return
    why = _beyond_job(draft, limits) or _beyond_sheet(draft, limits)
    if why is None or draft.hold is not None or all(sheet.terminal for sheet in draft.sheets):
        return
    old = draft.seen.job.status.waiting
    if old is None or old.reason != REACHED:
        draft.warn(REACHED, why)
    draft.hold = draft.waiting(old, REACHED, why)


def holds(draft: Draft) -> bool:
    """An intent whose Pod is gone is not made again, either: it would be a new Pod."""
    return draft.hold is not None and draft.hold.reason == REACHED


def left_usd(draft: Draft, sheet: SheetStatus) -> float | None:
    """Whole cents; None where nothing is limited."""
    limits = draft.score.get("cost_limits") or UNLIMITED
    left: list[int] = []
    if "per_sheet" in limits:
        left.append(limits["per_sheet"] - (sheet.estimated_cost_micro_usd or 0))
    if "per_job" in limits:
        left.append(limits["per_job"] - draft.status.total_cost_micro_usd)
    return math.floor(max(min(left), LEAST) / 10_000) / 100 if left else None


def assumptions(draft: Draft) -> list[str]:
    """Where a cap is kept by prices that nobody has written."""
    limits = draft.score.get("cost_limits")
    if limits is None or not ("per_sheet" in limits or "per_job" in limits):
        return []
    unpriced = dict.fromkeys(
        performer["instrument"]
        for performer in draft.score["performers"]
        if _is_assumed(draft, limits, performer["instrument"], performer.get("model"))
    )
    if not unpriced:
        return []
    prices = f"${ASSUMED[0]} in and ${ASSUMED[1]} out for a thousand tokens"
    return [f"no price is known for {', '.join(unpriced)}: {prices} are assumed; set the Instrument's spec.prices"]


def _is_assumed(draft: Draft, limits: CostLimits, name: str, model: str | None) -> bool:
    view = draft.seen.instruments.get(instrument_object_name(name))
    if (
        view is None
        or asks_no_model(view.spec)
        or ((view.spec.profile.get("cli") or {}).get("output") or {}).get("cost_path")
    ):
        return False
    price = price_of(limits, view.spec, model)
    return price is not None and price.assumed


def _beyond_job(draft: Draft, limits: CostLimits) -> str | None:
    spent, cap = draft.status.total_cost_micro_usd, limits.get("per_job")
    if cap is None or spent <= cap:
        return None
    return f"the job has cost {dollars(spent)}, its limit is {dollars(cap)}: raise cost_limits.max_cost_per_job"


def _beyond_sheet(draft: Draft, limits: CostLimits) -> str | None:
    """Of the lowest sheet that would need more; each of them says so itself, too."""
    cap, first = limits.get("per_sheet"), None
    for sheet in draft.sheets:
        spent = sheet.estimated_cost_micro_usd or 0
        if cap is None or spent <= cap or sheet.terminal or (sheet.active and sheet.num not in draft.gone):
            continue
        why = f"sheet {sheet.num} has cost {dollars(spent)}, its limit is {dollars(cap)}"
        why = f"{why}: raise cost_limits.max_cost_per_sheet"
        first = first or why
        if sheet.state in ("pending", "retry_scheduled"):
            told = draft.waiting(sheet.waiting, REACHED, why)
            draft.put(sheet.to(state="waiting", waiting=told))
    return first


def _let_go(draft: Draft, limits: CostLimits) -> None:
    """The cap was raised: the sheet keeps its turn."""
    cap = limits.get("per_sheet")
    for sheet in draft.sheets:
        held = sheet.waiting is not None and sheet.waiting.reason == REACHED
        if held and (cap is None or (sheet.estimated_cost_micro_usd or 0) <= cap):
            draft.put(sheet.to(state=sheet.state if sheet.active else "retry_scheduled", waiting=None))


def _warn(draft: Draft, limits: CostLimits) -> None:
    spent, cap = draft.status.total_cost_micro_usd, limits.get("per_job")
    if cap is None or draft.status.budget_warned_micro_usd == cap:
        return
    if spent * 100 > cap * limits["warn_at_percent"]:
        draft.set(budget_warned_micro_usd=cap)
        if spent <= cap:
            draft.warn("BudgetWarning", f"the job has cost {dollars(spent)} of at most {dollars(cap)}")
