"""Stages of validations: a stage whose rules do not all hold ends it."""

from pathlib import Path

import pytest

from marianne_runner.checks import pass_percentage, run_checks
from marianne_runner.contract import Rule
from tests.unit.runner.forked import forked
from tests.unit.runner.scene import rule
from tests.unit.runner.test_checks import ground


def commands(*given: tuple[int, str]) -> list[Rule]:
    return [rule("command_succeeds", stage=stage, command=command) for stage, command in given]  # type: ignore[misc]


@pytest.mark.parametrize(
    ("rules", "passed", "categories", "percentage"),
    [
        (commands((1, "false"), (1, "true"), (2, "true")), [0, 1, 0], ["error", None, "skipped"], 100 / 3),
        (commands((2, "true"), (1, "false")), [0, 0], ["skipped", "error"], 0.0),
        (commands((1, "true"), (3, "false"), (10, "true")), [1, 0, 0], [None, "error", "skipped"], 100 / 3),
        (commands((1, "true"), (2, "true")), [1, 1], [None, None], 100.0),
        ([], [], [], 100.0),
    ],
)
def test_stages(
    tmp_path: Path, rules: list[Rule], passed: list[int], categories: list[str | None], percentage: float
) -> None:
    results = forked(lambda: run_checks(rules, ground(tmp_path)))
    assert [result["passed"] for result in results] == [bool(each) for each in passed]
    assert [result.get("failure_category") for result in results] == categories
    assert pass_percentage(results) == pytest.approx(percentage)
    assert [result["confidence"] for result in results if result.get("failure_category") == "skipped"] == [
        0.0 for each in categories if each == "skipped"
    ]


def test_a_skipped_rule_says_which_stage_failed(tmp_path: Path) -> None:
    results = forked(
        lambda: run_checks(commands((1, "true"), (2, "false"), (3, "true"), (4, "true")), ground(tmp_path))
    )
    assert [result["error_message"] for result in results[2:]] == ["not checked: stage 2 failed"] * 2


def test_a_skipped_rule_is_not_run(tmp_path: Path) -> None:
    forked(lambda: run_checks(commands((1, "false"), (2, "touch {workspace}/ran")), ground(tmp_path)))
    assert not (tmp_path / "ran").exists()
