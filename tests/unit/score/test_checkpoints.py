"""When a score wants a person to be asked: what of it is compiled, and what is told to do nothing."""

import pytest

from marianne_operator.score.compile import compile_score
from marianne_operator.score.load import score_of
from marianne_operator.score.refused import ScoreRefusedError
from tests.unit.score.given import score, tree


def compiled(*triggers, enabled=True, **fields):
    return compile_score(score(checkpoints={"enabled": enabled, "triggers": list(triggers)}, **fields), "d")


def test_every_field():
    whole = {"name": "a", "sheet_nums": [2], "prompt_contains": ["Drop"], "min_retry_count": 0, "message": "m"}
    assert compiled(whole, {"name": "b", "requires_confirmation": False})["checkpoints"] == [
        {"name": "a", "confirm": True, "sheets": [2], "contains": ["drop"], "retries": 0, "message": "m"},
        {"name": "b", "confirm": False},
    ]


def test_nothing_is_compiled_where_nobody_is_asked():
    made = [compile_score(score(), "d"), compiled({"name": "a"}, enabled=False), compiled()]
    assert [each for each in made if "checkpoints" in each or "escalation" in each or each["warnings"]] == []


def test_escalation():
    assert compile_score(score(learning={"escalation_enabled": True}), "d")["escalation"] is True
    assert compile_score(score(learning={"escalation_enabled": True}), "d")["without_effect"] == []


def test_what_does_nothing_is_told():
    made = compiled(
        {"name": "a", "sheet_nums": [3, 4, 0]},
        {"name": "b", "prompt_contains": ["x"], "requires_confirmation": False},
    )
    assert made["warnings"] == [
        "checkpoints.triggers.0.sheet_nums: the score has no sheet 4",
        "checkpoints.triggers.0.sheet_nums: the score has no sheet 0",
        "checkpoints.triggers.1: prompt_contains without requires_confirmation tells nothing",
    ]


@pytest.mark.parametrize(
    ("triggers", "where"),
    [
        ([{"name": "a"}] * 11, "checkpoints.triggers"),
        ([{"name": "n" * 64}], "checkpoints.triggers.0.name"),
        ([{"name": ""}], "checkpoints.triggers.0.name"),
    ],
)
def test_a_status_can_hold_it(triggers, where):
    with pytest.raises(ScoreRefusedError) as refused:
        score_of(tree(checkpoints={"enabled": True, "triggers": triggers}))
    assert where in refused.value.message
