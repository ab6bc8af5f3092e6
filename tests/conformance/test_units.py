"""Single rules of a score, against Marianne's own answers."""

from typing import Any

import pytest

from marianne_operator.score.compile import compile_source
from marianne_operator.score.conditions import applies
from marianne_operator.score.expansion import dependencies, items, places
from marianne_operator.score.fields import Score
from marianne_operator.score.load import score_of, tree_of
from marianne_operator.score.refused import ScoreRefusedError
from marianne_runner.requirements import new_by_condition
from tests.conformance.data import units, without_refused_fields


def fanned(case: dict[str, Any]) -> Score:
    sheet = {"size": 1, "total_items": case["total_stages"]}
    sheet |= {"fan_out": case["fan_out"], "dependencies": case["dependencies"]}
    return score_of({"name": "x", "prompt": {}, "sheet": sheet})


@pytest.mark.parametrize("case", units()["fan_out"]["cases"])
def test_fan_out(case):
    score = fanned(case)
    made = places(score)
    assert len(made) == case["total_sheets"]
    assert [[place.num, place.stage, place.instance, place.fan_count] for place in made] == case["sheets"]
    expected = {int(target): sources for target, sources in case["expanded"].items() if sources}
    assert dependencies(score, made) == expected


@pytest.mark.parametrize("case", units()["fan_out"]["invalid"])
def test_invalid_fan_out(case):
    with pytest.raises(ScoreRefusedError) as refused:
        score = fanned(case)
        dependencies(score, places(score))
    assert refused.value.reason == "ScoreInvalid"


@pytest.mark.parametrize("case", units()["batching"])
def test_batching(case):
    sheet = {field: case[field] for field in ("size", "total_items", "start_item")}
    score = score_of({"name": "x", "prompt": {}, "sheet": sheet})
    made = places(score)
    assert len(made) == case["total_sheets"]
    assert [[place.num, *items(score, place, len(made))] for place in made] == case["item_ranges"]


@pytest.mark.parametrize("case", units()["conditions"])
def test_conditions(case):
    assert applies(case["condition"], case["context"]) is case["applies"]


def take(text: str) -> tuple[Score, Any]:
    """The score and its compiled form, without the fields that are refused by name."""
    tree = tree_of(text)
    compile_refused = without_refused_fields(tree)
    return score_of(tree), compile_source(compile_refused)


ACCEPTANCE = [pytest.param(case, id=case["case"]) for case in units()["config_acceptance"]]


@pytest.mark.parametrize("case", [each for each in ACCEPTANCE if each.values[0]["accepted"]])
def test_accepted_scores(case):
    score, made = take(case["yaml"])
    assert score.cost_limits.limits is case["cost_enabled"]
    if not any(movement.voices for movement in score.movements.values()):  # the documented fan-out, unlike the engine
        assert (made["total_sheets"], made["total_stages"]) == (case["total_sheets"], case["total_stages"])
        played = [made["performers"][sheet["performer"]]["instrument"] for sheet in made["sheets"]]
        assert played == case["sheet_instruments"]
    for sheet in made["sheets"]:
        context = {"sheet_num": sheet["num"], "stage": sheet["stage"]}
        wanted = [index for index, condition in enumerate(case["conditions"]) if applies(condition, context)]
        assert [index for index in sheet["rules"] if index < len(case["conditions"])] == wanted


@pytest.mark.parametrize("case", [each for each in ACCEPTANCE if not each.values[0]["accepted"]])
def test_rejected_scores(case):
    with pytest.raises(ScoreRefusedError) as refused:
        take(case["yaml"])
    assert refused.value.reason == "ScoreInvalid"
    told = refused.value.message
    paths = [".".join(str(part) for part in location) or "score" for location in case["locs"]]
    assert all(path in told for path in paths), told


@pytest.mark.parametrize("case", units()["instrument_resolution"])
def test_instrument_resolution(case):
    _, made = take(case["yaml"])
    resolved = [(sheet["num"], sheet["stage"], made["performers"][sheet["performer"]]) for sheet in made["sheets"]]
    assert [[num, stage, each["instrument"], each.get("config", {})] for num, stage, each in resolved] == [
        expected[:4] for expected in case["sheets"]
    ]
    assert all(each.get("model") == each.get("config", {}).get("model") for _, _, each in resolved)


@pytest.mark.parametrize("case", units()["new_rule_for_sheet"])
def test_new_rules(case):
    assert new_by_condition(case["condition"], case["sheet_num"]) is case["new"]
