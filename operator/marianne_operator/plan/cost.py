"""What an attempt cost (decision 021): tokens by a price, in whole millionths of a dollar, and how sure that is.

The runner tells what it saw; what that is worth is decided here. A program that says itself what it has spent is
believed. Else the price is the score's own, the Instrument's, its profile's, and where a cap has to be kept at all
costs, Marianne's.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final, Literal, NamedTuple

from marianne_operator.model.instrument import InstrumentSpec
from marianne_operator.model.money import dollars
from marianne_operator.model.names import instrument_object_name
from marianne_operator.model.status import SheetStatus
from marianne_operator.plan.draft import Draft
from marianne_operator.plan.outcome import Ended
from marianne_runner.contract import CostLimits, Verdict

Source = Literal["reported", "estimated", "unknown"]
SURENESS: Final[tuple[Source | None, ...]] = ("unknown", "estimated", "reported", None)
"""A sum is as sure as its least sure part."""
ASSUMED: Final = (0.003, 0.015)
"""Dollars for a thousand tokens, in and out: Marianne's defaults."""
CHARACTERS_A_TOKEN_IN, CHARACTERS_A_TOKEN_OUT = Fraction(7, 2), 4
COUNTED, HALF_COUNTED, ESTIMATED, UNKNOWN = 1.0, 0.85, 0.7, 0.0
"""`cost_confidence` (semantics §3)."""
LARGEST: Final = 2**53 - 1
"""Of a sum: what every JSON reader keeps exactly."""


class Price(NamedTuple):
    """Dollars for a thousand tokens."""

    input: float
    output: float
    assumed: bool = False


class Cost(NamedTuple):
    """Of one attempt. `micro` None: nobody can say."""

    micro: int | None
    confidence: float
    source: Source | None
    """None: there is nothing to pay, or no price."""


FREE: Final = Cost(0, COUNTED, None)
UNPRICED: Final = Cost(None, COUNTED, None)
UNSEEN: Final = Cost(None, UNKNOWN, "unknown")


def price_of(limits: CostLimits | None, instrument: InstrumentSpec, model: str | None) -> Price | None:
    """None: this instrument has no price, and nothing has to be kept within a cap."""
    named = model or instrument.profile.get("default_model")
    known = _own_price(instrument, named) or _profile_price(instrument.profile, named)
    written = limits or CostLimits(warn_at_percent=100.0)
    if ("input_per_1k" in written or "output_per_1k" in written) or known is None:
        capped = "per_sheet" in written or "per_job" in written
        if known is None and not capped and not ("input_per_1k" in written and "output_per_1k" in written):
            return None
        given = known or Price(*ASSUMED)
        assumed = known is None and not ("input_per_1k" in written and "output_per_1k" in written)
        return Price(written.get("input_per_1k", given.input), written.get("output_per_1k", given.output), assumed)
    return known


def _own_price(instrument: InstrumentSpec, model: str | None) -> Price | None:
    by_model = {each.model: each for each in instrument.prices}
    found = by_model.get(model) or by_model.get(None)
    return None if found is None else Price(found.input_per_million / 1000, found.output_per_million / 1000)


def _profile_price(profile: Mapping[str, Any], model: str | None) -> Price | None:
    """Of the model by its name; of the only one where none is named."""
    models = profile.get("models") or []
    found = [each for each in models if each.get("name") == model] or (models if model is None else [])
    if len(found) != 1 or None in (found[0].get("cost_per_1k_input"), found[0].get("cost_per_1k_output")):
        return None
    return Price(float(found[0]["cost_per_1k_input"]), float(found[0]["cost_per_1k_output"]))


def asks_no_model(instrument: InstrumentSpec) -> bool:
    """A shell: it costs nothing, whatever it prints; unless a price is written for it, or it tells of tokens."""
    cli = instrument.profile.get("cli") or {}
    shell = (cli.get("command") or {}).get("executable") in ("bash", "sh") and instrument.profile.get("kind") != "http"
    return shell and not instrument.prices and not (cli.get("output") or {}).get("input_tokens_path")


def of_attempt(told: Verdict | None, ran: bool, instrument: InstrumentSpec | None, price: Price | None) -> Cost | None:
    """None: its instrument was not started. `ran`: a container was seen, which without a verdict is all that is known.

    `instrument` None: it is gone.
    """
    if instrument is not None and asks_no_model(instrument):
        return FREE
    if told is None or told["outcome"] == "lost":
        return UNSEEN if ran or told is not None else None
    if (said := told.get("cost_micro_usd")) is not None:
        return Cost(said, COUNTED, "reported")
    if not {"input_tokens", "output_tokens", "output_characters"} & told.keys():
        return None
    if instrument is None:
        return UNSEEN
    return _by_tokens(told, price) if price is not None else UNPRICED


def _by_tokens(told: Verdict, price: Price) -> Cost:
    spent, made = told.get("input_tokens"), told.get("output_tokens")
    confidence = COUNTED if None not in (spent, made) else ESTIMATED if spent is made is None else HALF_COUNTED
    if spent is None:
        spent = round(told.get("prompt_characters", 0) / CHARACTERS_A_TOKEN_IN)
    if made is None:
        made = round(Fraction(told.get("output_characters", 0), CHARACTERS_A_TOKEN_OUT))
    micro = round((spent * Fraction(price.input) + made * Fraction(price.output)) * 1000)
    estimated = confidence < COUNTED or price.assumed
    return Cost(min(micro, LARGEST), confidence, "estimated" if estimated else "reported")


def count(draft: Draft, sheet: SheetStatus, ended: Ended) -> SheetStatus:
    """Add an attempt's cost to its sheet's, over all its attempts of this run, and to the job's, over all runs."""
    view = draft.seen.instruments.get(instrument_object_name(sheet.instrument or ""))
    spec = None if view is None else view.spec
    price = None if spec is None else price_of(draft.score.get("cost_limits"), spec, sheet.model)
    ran = ended.pod.ran and ended.reason != "RunnerMissing"
    cost = of_attempt(ended.told, ran, spec, price)
    if cost is None:
        return sheet
    if cost.micro:
        total = min(draft.status.total_cost_micro_usd + cost.micro, LARGEST)
        draft.set(total_cost_micro_usd=total, cost=dollars(total))
    before = sheet.estimated_cost_micro_usd
    return sheet.to(
        estimated_cost_micro_usd=before if cost.micro is None else min((before or 0) + cost.micro, LARGEST),
        cost_confidence=cost.confidence,
        cost_source=min(sheet.cost_source, cost.source, key=SURENESS.index),
    )
