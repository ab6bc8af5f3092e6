"""What an instrument is told when most of a sheet is done."""

import json
from pathlib import Path
from typing import Any, cast

import pytest

from marianne_runner.aggregates import confidence, executed
from marianne_runner.completion import MOST_HINTS, SHOWN, completion, last_checks
from marianne_runner.contract import Brief, Check
from marianne_runner.prompt import complete
from marianne_runner.variables import for_prompt
from tests.unit.runner.scene import BASH, Scene, compiled, rule

ASKED = {**BASH, "raw_prompt": False, "cli": {"command": {"executable": "cat", "prompt_via_stdin": True}}}


def check(passed: bool, name: str, category: str | None = None, **fields: Any) -> Check:
    made = {"rule_type": "file_exists", "passed": passed, "description": name, "confidence": 1.0, **fields}
    return cast(Check, made if category is None else {**made, "failure_category": category})


CHECKS = [
    check(True, "the plan is there"),
    check(False, "the tests are there", "missing", error_message="no such file", expected_value="tests/"),
    check(False, "the lint is clean", "error", error_message="exit code 1"),
    check(False, "the docs are new", "skipped"),
]


def told(checks: list[Check] = CHECKS, **changes: Any) -> str:
    return completion(**{"which": 2, "most": 5, "checks": checks, "failed": [], "task": "Play it.", **changes})


def test_what_is_there_and_what_is_missing() -> None:
    first, met, unmet, hints, title, task = told().split("\n\n")
    assert "completion 2 of 5" in first
    assert met.splitlines()[1:] == ["- the plan is there"]
    assert unmet.splitlines()[1:] == [
        "- the tests are there (missing): no such file; expected tests/",
        "- the lint is clean (error): exit code 1",
        "- the docs are new (skipped)",
    ]
    assert len(hints.splitlines()) == 3
    assert (title[-1], task) == (":", "Play it.")


def test_a_long_task_is_cut_and_a_long_list_too() -> None:
    text = told([check(False, f"rule {number}", "missing") for number in range(99)], task="x" * 9000)
    assert text.endswith("x" * 3000 + "\n… (cut)") and "x" * 3001 not in text
    assert text.count("- rule ") == SHOWN


def test_a_reason_is_cut() -> None:
    assert max(map(len, told([check(False, "r", "error", error_message="e" * 9999)]).splitlines())) < 400


def test_hints_are_few_and_each_is_given_once() -> None:
    kinds = ["stale", "stale", "missing", "malformed", "incomplete", "error"]
    hints = (
        told([check(False, kind, kind) for kind in kinds]).partition("Hints:\n")[2].partition("\n\n")[0].splitlines()
    )
    assert len(hints) == len(set(hints)) == MOST_HINTS


def test_without_the_checks_the_labels_have_to_do() -> None:
    assert "- says x" in told([], failed=["says x"])
    assert "Hints" not in told([], failed=["says x"])


def test_the_prompt_as_a_whole() -> None:
    rules = [rule("file_exists", path="{workspace}/a")]
    score = compiled("", rules)
    brief = {"profile": ASKED, "mode": "completion", "completion": [1, 3]}
    context = for_prompt(score, score["sheets"][0], "/workspace")
    text = complete("PLAY", score, score["sheets"][0], cast(Brief, brief), context, CHECKS)
    assert text.startswith("<sheet>") and "completion 1 of 3" in text
    assert text.endswith("Requirements:\n1. the file /workspace/a exists")
    raw = cast(Brief, brief | {"profile": BASH})
    assert complete("PLAY", score, score["sheets"][0], raw, context, CHECKS) == "PLAY"


def mark(folder: Path, attempt: int, content: str) -> None:
    (folder / f"a{attempt}").mkdir()
    (folder / f"a{attempt}" / "verdict").write_text(content)


def test_the_last_work_that_was_looked_at_tells_what_is_missing(tmp_path: Path) -> None:
    mark(tmp_path, 1, json.dumps({"run": 1, "checks": [CHECKS[0]]}))
    mark(tmp_path, 2, json.dumps({"run": 2, "checks": [CHECKS[1]]}))
    mark(tmp_path, 3, json.dumps({"run": 2, "outcome": "lost"}))
    mark(tmp_path, 4, "no JSON")
    assert last_checks(tmp_path, 6, 2) == [CHECKS[1]]
    assert last_checks(tmp_path, 6, 1) == [CHECKS[0]]
    assert last_checks(tmp_path, 1, 1) == last_checks(tmp_path, 6, 3) == []


@pytest.mark.parametrize(
    ("checks", "seen", "sure"),
    [([], 0, 1.0), (CHECKS, 3, 1.0), ([check(True, "a"), check(False, "b", confidence=0.4)], 2, 0.8)],
)
def test_what_checks_come_to(checks: list[Check], seen: int, sure: float) -> None:
    assert len(executed(checks)) == seen
    assert confidence(checks) == pytest.approx(sure)


def test_from_the_checks_of_one_attempt_to_the_prompt_of_the_next(scene: Scene) -> None:
    rules = [rule("file_exists", path="{workspace}/" + name, description=f"{name} is made") for name in "abc"]
    (scene.workspace / "a").touch()
    (scene.workspace / "b").touch()
    score = compiled("Make a, b and c.", rules)
    first = scene.pod("pod-1", score, profile=ASKED).run()
    assert (first["reason"], first["outcome"]) == ("ValidationFailed", "failed")
    assert first["executed_pass_percentage"] == pytest.approx(200 / 3) and first["confidence"] > 0.3
    brief = {"mode": "completion", "completion": [1, 5], "predecessor": {"attempt": 1, "ran": True, "ended": "pod-1"}}
    scene.pod("pod-2", score, 2, profile=ASKED, **brief).run()
    prompt = (scene.attempt(2) / "prompt").read_text()
    assert "- a is made\n- b is made\n\n" in prompt and "- c is made (missing)" in prompt
    assert "Make a, b and c." in prompt


def test_the_threshold_is_the_scores(scene: Scene) -> None:
    rules = [rule("file_exists", path="{workspace}/" + name) for name in "abc"]
    score = compiled("touch a b; exit 1", rules, retry={"completion_threshold_percent": 70})
    assert scene.pod("pod-1", score).run()["reason"] == "ExitCode"
    score = compiled("touch a b; exit 1", rules, retry={"completion_threshold_percent": 60})
    assert scene.pod("pod-2", score, 2).run()["reason"] == "ValidationFailed"
