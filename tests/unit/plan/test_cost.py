"""What an attempt cost: by the program's word, by its tokens, by their characters, or not known at all."""

import pytest

from marianne_operator.model.instrument import InstrumentView
from marianne_operator.model.money import dollars
from marianne_operator.plan.budget import assumptions
from marianne_operator.plan.cost import of_attempt, price_of
from marianne_operator.plan.draft import Draft
from tests.unit.plan.build import after, decided, ended, job, observe, running_status, score, sheet, verdict

CAPPED = {"per_job": 10**9, "warn_at_percent": 80.0}
MODELS = [
    {"name": "small", "cost_per_1k_input": 0.001, "cost_per_1k_output": 0.002},
    {"name": "large", "cost_per_1k_input": 0.01, "cost_per_1k_output": 0.02},
]


def agent(prices=(), models=(), default=None, name="cli", executable="agent", **output):
    profile = {"models": list(models), "cli": {"command": {"executable": executable}, "output": output}}
    if default is not None:
        profile["default_model"] = default
    spec = {"image": "agent:1", "profile": profile, "prices": list(prices)}
    return InstrumentView.of({"metadata": {"name": name}, "spec": spec})


OWN = [{"model": "large", "inputPerMillion": 20, "outputPerMillion": 40}, {"inputPerMillion": 2, "outputPerMillion": 4}]
PRICES = {
    "none, and no cap to keep": (None, agent(), None, None),
    "none, and a cap to keep": (CAPPED, agent(), None, (0.003, 0.015, True)),
    "the profile's, by the model's name": (CAPPED, agent(models=MODELS), "large", (0.01, 0.02, False)),
    "the profile's, by its default model": (None, agent(models=MODELS, default="small"), None, (0.001, 0.002, False)),
    "the profile's only model": (None, agent(models=MODELS[:1]), None, (0.001, 0.002, False)),
    "of several models none is named": (None, agent(models=MODELS), None, None),
    "another model": (None, agent(models=MODELS[:1]), "huge", None),
    "a model without a price": (None, agent(models=[{"name": "m"}]), "m", None),
    "the Instrument's, before the profile's": (None, agent(OWN, MODELS), "large", (0.02, 0.04, False)),
    "the Instrument's, for any other": (None, agent(OWN, MODELS), "small", (0.002, 0.004, False)),
    "the score's, before all": (
        {"warn_at_percent": 80.0, "input_per_1k": 1.0, "output_per_1k": 2.0},
        agent(OWN, MODELS),
        "large",
        (1.0, 2.0, False),
    ),
    "half of it the score's": (CAPPED | {"input_per_1k": 1.0}, agent(OWN), "large", (1.0, 0.04, False)),
    "half of it the score's, half assumed": (CAPPED | {"output_per_1k": 1.0}, agent(), None, (0.003, 1.0, True)),
    "half of it the score's, and no cap to keep": (
        {"warn_at_percent": 80.0, "output_per_1k": 1.0},
        agent(),
        None,
        None,
    ),
}


@pytest.mark.parametrize(("limits", "instrument", "model", "expected"), PRICES.values(), ids=PRICES)
def test_prices(limits, instrument, model, expected):
    price = price_of(limits, instrument.spec, model)
    assert price == expected


PRICED = agent([{"inputPerMillion": 3, "outputPerMillion": 15}])
SHELL = agent(executable="bash")
SEEN = {"prompt_characters": 7000, "output_characters": 800}
COSTS = {
    # 1000 * 3 + 100 * 15 millionths
    "tokens": (PRICED, verdict(input_tokens=1000, output_tokens=100, **SEEN), (4500, 1.0, "reported")),
    "the program's own word": (
        PRICED,
        verdict(cost_micro_usd=77, input_tokens=1000, output_tokens=100, **SEEN),
        (77, 1.0, "reported"),
    ),
    "its own word, without a price": (agent(), verdict(cost_micro_usd=77, **SEEN), (77, 1.0, "reported")),
    # 7000 / 3.5 = 2000 in, 800 / 4 = 200 out
    "characters": (PRICED, verdict(**SEEN), (2000 * 3 + 200 * 15, 0.7, "estimated")),
    "only output is told": (PRICED, verdict(output_tokens=100, **SEEN), (2000 * 3 + 100 * 15, 0.85, "estimated")),
    "only input is told": (PRICED, verdict(input_tokens=1000, **SEEN), (1000 * 3 + 200 * 15, 0.85, "estimated")),
    "a failed one, too": (PRICED, verdict("failed", "ExitCode", **SEEN), (9000, 0.7, "estimated")),
    "an interrupted one, too": (PRICED, verdict("interrupted", **SEEN), (9000, 0.7, "estimated")),
    "no price": (agent(), verdict(input_tokens=1000, output_tokens=100), (None, 1.0, None)),
    "a shell costs nothing": (SHELL, verdict(**SEEN), (0, 1.0, None)),
    "a shell that has a price": (
        agent([{"inputPerMillion": 3, "outputPerMillion": 15}], executable="bash"),
        verdict(**SEEN),
        (9000, 0.7, "estimated"),
    ),
    "a shell around an agent": (
        agent(models=MODELS[:1], executable="bash", input_tokens_path="in"),
        verdict(input_tokens=1000, output_tokens=500),
        (2000, 1.0, "reported"),
    ),
    "skipped": (PRICED, verdict("skipped"), (None, 1.0, None)),
    "not started": (PRICED, verdict("not_started", "WorkspaceUnusable"), (None, 1.0, None)),
    "failed before it was started": (PRICED, verdict("failed", "TemplateInvalid"), (None, 1.0, None)),
    "interrupted before it was started": (PRICED, verdict("interrupted"), (None, 1.0, None)),
    "lost": (PRICED, verdict("lost", "PodLost"), (None, 0.0, "unknown")),
    "no verdict": (PRICED, None, (None, 0.0, "unknown")),
    "a shell without a verdict": (SHELL, None, (0, 1.0, None)),
}


@pytest.mark.parametrize(("instrument", "told", "expected"), COSTS.values(), ids=COSTS)
def test_costs(instrument, told, expected):
    status = _settled(instrument, sheet(1, "dispatched", 1), told)
    first = status.sheets[0]
    assert (first.estimated_cost_micro_usd, first.cost_confidence, first.cost_source) == expected
    assert status.total_cost_micro_usd == (expected[0] or 0)
    assert status.cost == (dollars(expected[0]) if expected[0] else None)


def _settled(instrument, before, told, limits=None, **total):
    compiled = score(2, **({"cost_limits": limits} if limits else {}))
    begun = running_status(before, sheet(2), **total)
    over = ended(1, before.attempt, told, disrupted=told is None, **({"text": "cut"} if told is None else {}))
    return decided(observe(job(status=begun), compiled, pods=[over], instruments=[instrument]))[1]


@pytest.mark.parametrize("reason", ["StartError", "ContainerCannotRun"])
def test_a_container_that_never_ran_costs_nothing(reason):
    over = ended(1, 1, text="exec: not found", container_reason=reason)
    begun = running_status(sheet(1, "dispatched", 1))
    _, status = decided(observe(job(status=begun), pods=[over], instruments=[PRICED]))
    assert (status.sheets[0].cost_source, status.sheets[0].estimated_cost_micro_usd) == (None, None)


def test_what_a_pod_tells_of_another_that_was_lost_is_unknown_though_it_never_ran_itself():
    told = verdict("lost", "PodLost")
    assert of_attempt(told, ran=False, instrument=PRICED.spec, price=None).source == "unknown"
    assert of_attempt(None, ran=False, instrument=PRICED.spec, price=None) is None


def test_costs_add_up_over_the_attempts_and_are_as_sure_as_the_least_sure():
    before = sheet(1, "dispatched", 2, estimated_cost_micro_usd=100, cost_source="estimated", cost_confidence=0.7)
    told = verdict(attempt=2, input_tokens=1000, output_tokens=100)
    status = _settled(PRICED, before, told, total_cost_micro_usd=1000)
    first = status.sheets[0]
    assert (first.estimated_cost_micro_usd, first.cost_source, first.cost_confidence) == (4600, "estimated", 1.0)
    assert (status.total_cost_micro_usd, status.cost) == (5500, "$0.0055")


def test_an_unknown_part_stays_unknown_and_takes_nothing_away():
    before = sheet(1, "dispatched", 2, estimated_cost_micro_usd=100, cost_source="reported")
    first = _settled(PRICED, before, verdict("lost", "PodLost", attempt=2)).sheets[0]
    assert (first.estimated_cost_micro_usd, first.cost_source, first.cost_confidence) == (100, "unknown", 0.0)


def test_a_price_that_nobody_wrote_is_an_estimate_and_is_told():
    told = verdict(input_tokens=1000, output_tokens=100)
    status = _settled(agent(), sheet(1, "dispatched", 1), told, limits=CAPPED)
    assert (status.sheets[0].estimated_cost_micro_usd, status.sheets[0].cost_source) == (4500, "estimated")
    accepted = status.condition("Accepted")
    assert "no price is known for cli" in accepted.message and "spec.prices" in accepted.message


@pytest.mark.parametrize("instrument", [PRICED, SHELL, agent(cost_path="cost")])
def test_nothing_is_assumed_where_a_price_is_known_or_needed_by_nobody(instrument):
    compiled = score(1, cost_limits=CAPPED)
    status = running_status(sheet(1))
    assert (
        assumptions(Draft(observe(job(status=status), compiled, instruments=[instrument]), compiled, status, [])) == []
    )


def test_the_worst_verdict_is_a_sum_that_every_reader_keeps():
    told = verdict(input_tokens=2**37, output_tokens=2**37)
    dear = agent([{"inputPerMillion": 1e6, "outputPerMillion": 1e6}])
    status = _settled(dear, sheet(1, "dispatched", 1), told, total_cost_micro_usd=2**53 - 1)
    assert status.total_cost_micro_usd == status.sheets[0].estimated_cost_micro_usd == 2**53 - 1


@pytest.mark.parametrize(("micro", "said"), [(0, "$0.0000"), (4500, "$0.0045"), (1_250_000, "$1.25")])
def test_dollars(micro, said):
    assert dollars(micro) == said


def test_a_job_that_is_over_keeps_what_was_assumed_of_prices_then():
    """Whoever sets a price rewrites no job that is done."""
    compiled, pods = score(1, cost_limits=CAPPED), [ended(told=verdict(cost_micro_usd=5))]
    begun = running_status(sheet(1, "dispatched", 1))
    seen = observe(job(status=begun), compiled, pods=pods, instruments=[agent()])
    plan, status = decided(seen)
    assert status.finished and "no price is known" in status.condition("Accepted").message
    assert decided(after(seen, plan, instruments={}))[0].status is None
