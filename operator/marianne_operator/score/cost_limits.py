"""`cost_limits`, as the operator counts: whole millionths of a dollar."""

from typing import Final

from marianne_operator.score.fields import Score
from marianne_runner.contract import CostLimits

HIGHEST: Final = 10**9
"""Dollars: a cap above it is none, a price above it is none that anybody asks."""


def cost_limits(score: Score) -> CostLimits | None:
    """None where nothing is limited and no price is written."""
    written = score.cost_limits
    made = CostLimits(warn_at_percent=written.warn_at_percent)
    if written.limits:
        if written.max_cost_per_sheet is not None:
            made["per_sheet"] = _micro(written.max_cost_per_sheet)
        if written.max_cost_per_job is not None:
            made["per_job"] = _micro(written.max_cost_per_job)
    if "cost_per_1k_input_tokens" in written.model_fields_set:
        made["input_per_1k"] = min(written.cost_per_1k_input_tokens, HIGHEST)
    if "cost_per_1k_output_tokens" in written.model_fields_set:
        made["output_per_1k"] = min(written.cost_per_1k_output_tokens, HIGHEST)
    return made if len(made) > 1 else None


def _micro(dollars: float) -> int:
    return round(min(dollars, HIGHEST) * 1_000_000)
