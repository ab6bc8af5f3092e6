"""A score's limits are read from the one that stands in the spec now; all else is the one that was accepted."""

from typing import Any

import pytest
import yaml

from marianne_operator.plan.live import edit_of, told, with_limits
from marianne_operator.score.compile import compile_source
from marianne_runner.contract import CompiledScore

WRITTEN: dict[str, Any] = {
    "name": "song",
    "instrument": "cli",
    "instrument_config": {"timeout_seconds": 60},
    "instrument_fallbacks": ["other"],
    "sheet": {"size": 1, "total_items": 3, "dependencies": {3: [1, 2]}},
    "parallel": {"enabled": True, "max_concurrent": 2},
    "cost_limits": {"max_cost_per_job": 1.5},
    "retry": {"max_retries": 3},
    "prompt": {"template": "play {{ sheet_num }}"},
}


def compiled(**changes: Any) -> CompiledScore:
    return compile_source(yaml.safe_dump({**WRITTEN, **changes}))


def timeouts(score: CompiledScore) -> list[Any]:
    return [sheet.get("timeouts") for sheet in score["sheets"]]


def chain(first: float, second: float | None = None) -> list[float | None]:
    return [first, second if second is not None else first]


@pytest.mark.parametrize(
    ("changes", "taken"),
    [
        ({"cost_limits": {"max_cost_per_job": 9}}, ("cost_limits",)),
        ({"cost_limits": {}}, ("cost_limits",)),
        ({"retry": {"max_retries": 5}}, ("retry",)),
        ({"rate_limit": {"wait_minutes": 5}}, ("rate_limit",)),
        ({"parallel": {"enabled": True, "max_concurrent": 5}}, ("parallel.max_concurrent",)),
        ({"instrument_config": {"timeout_seconds": 90}}, ("timeouts",)),
        ({"backend": {"timeout_overrides": {2: 90}}}, ("timeouts",)),
        ({"retry": {"max_retries": 5}, "cost_limits": {"max_cost_per_sheet": 9}}, ("cost_limits", "retry")),
    ],
)
def test_limits_take_effect_and_leave_nothing_ignored(changes: dict[str, Any], taken: tuple[str, ...]) -> None:
    pinned, edited = compiled(), compiled(**changes)
    edit = edit_of(pinned, edited)
    assert (edit.taken, edit.rest) == (taken, False)
    score = with_limits(pinned, edit)
    for part in ("cost_limits", "retry", "rate_limit", "parallel"):
        assert score.get(part) == edited.get(part)
    assert (score["digest"], score["performers"]) == (pinned["digest"], pinned["performers"])
    assert told(edit) == ("False", "LimitsTaken", f"{', '.join(taken)} of the edited score took effect")


def test_timeouts_are_the_sheets_own_of_each_instrument_of_its_chain() -> None:
    pinned = compiled()
    edit = edit_of(pinned, compiled(backend={"timeout_overrides": {2: 90}}))
    edited = timeouts(with_limits(pinned, edit))
    assert edited[1][0] == 90.0 and edited[0] == edited[2] and edited[0][0] == 60.0
    assert all(len(each) == 2 for each in edited)


REST = {
    "the prompt": {"prompt": {"template": "sing"}},
    "a rule": {"validations": [{"type": "file_exists", "path": "a"}]},
    "the instrument": {"instrument": "agent"},
    "dependencies": {"sheet": {**WRITTEN["sheet"], "dependencies": {3: [2]}}},
    "words for a limit": {"rate_limit": {"wait_minutes": 5, "detection_patterns": ["slow down"]}},
    "fail_fast": {"parallel": {"enabled": True, "max_concurrent": 2, "fail_fast": False}},
}


@pytest.mark.parametrize("change", REST)
def test_everything_else_waits_and_is_told(change: str) -> None:
    pinned = compiled(rate_limit={"wait_minutes": 5})
    edit = edit_of(pinned, compiled(**{"rate_limit": {"wait_minutes": 5}, **REST[change]}))
    assert (edit.taken, edit.rest) == ((), True)
    assert with_limits(pinned, edit) == pinned
    status, reason, message = told(edit)
    assert (status, reason) == ("True", "Ignored") and "onScoreChange: Ignore" in message


def test_of_a_mixed_edit_the_limits_count_and_the_rest_waits() -> None:
    pinned = compiled()
    edit = edit_of(pinned, compiled(prompt={"template": "sing"}, retry={"max_retries": 5}))
    score = with_limits(pinned, edit)
    assert (score["retry"]["max_retries"], score["prompt"]) == (5, pinned["prompt"])
    status, _, message = told(edit)
    assert status == "True" and "retry of the edited score took effect, else" in message


def test_timeouts_of_another_number_of_sheets_are_nobodys() -> None:
    pinned = compiled()
    more = {"size": 1, "total_items": 4, "dependencies": {3: [1, 2]}}
    edit = edit_of(pinned, compiled(sheet=more, instrument_config={"timeout_seconds": 90}, retry={"max_retries": 5}))
    assert edit.taken == ("retry",)
    assert timeouts(with_limits(pinned, edit)) == [None] * 3


def test_another_spelling_of_the_same_score_is_no_edit_to_speak_of() -> None:
    pinned, edited = compiled(), compiled(description="the same")
    assert pinned["digest"] != edited["digest"]
    assert told(edit_of(pinned, edited)) == ("False", "Unchanged", "")
