"""Limits of an edited score, at the next launch."""

import json

import pytest

from marianne_operator.plan.live import Edit
from marianne_operator.plan.observation import ScoreReady
from tests.unit.plan.build import decided, job, observe, running_status, score, sheet


@pytest.mark.parametrize(("place", "expected"), [(0, 90.0), (1, 1800.0)])
def test_the_next_pod_has_the_edited_timeout(place, expected):
    compiled = score(1, instruments={1: "cli"})
    compiled["performers"] = [{"instrument": "cli", "timeout_seconds": 60.0}, {"instrument": "cli"}]
    compiled["sheets"][0] |= {"fallbacks": [1], "timeouts": [90.0, None]}
    status = running_status(sheet(1, "pending", 1, fallback=place))
    plan, _ = decided(observe(job(status=status), compiled))
    brief = json.loads(plan.create[0]["metadata"]["annotations"]["marianne.dev/brief"])
    assert brief["timeout_seconds"] == expected
    assert plan.create[0]["spec"]["activeDeadlineSeconds"] == expected + 300


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (Edit(taken=("retry",), rest=False), ("False", "LimitsTaken", "retry of the edited score took effect")),
        (Edit(problem="name: missing"), ("True", "Ignored", "name: missing")),
    ],
)
def test_the_condition_says_what_became_of_an_edit(edit, told):
    seen = observe(job(status=running_status(sheet(1)), generation=2))
    ready = ScoreReady(seen.score.compiled, seen.score.text, "spec.scoreText", edit=edit)
    _, status = decided(observe(job(status=running_status(sheet(1)), generation=2), ready))
    condition = status.condition("ScoreChangeIgnored")
    assert (condition.status, condition.reason) == told[:2] and told[2] in condition.message
