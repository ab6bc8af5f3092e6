"""Validations, what is kept of a program's output, and what is blotted out of it, against Marianne's own answers."""

import os
from pathlib import Path
from typing import Any

import pytest

from marianne_runner.checks import Ground, modified_times, pass_percentage, run_check, run_checks
from marianne_runner.contract import Check, Rule
from marianne_runner.output import Report
from marianne_runner.perform import Exit
from marianne_runner.redact import redact
from marianne_runner.streams import Tee
from marianne_runner.verdicts import judged, plain, with_performance
from tests.conformance.data import units
from tests.unit.runner.forked import forked

CONTEXT = {"sheet_num": 2, "name": "it's $x"}
SAMPLES = {
    "anthropic": "sk-ant-" + "a1B2-" * 5,
    "openai": "sk-" + "A" * 48,
    "aws": "AKIAABCDEFGHIJKLMNOP",
    "google": "AIzaSy" + "a" * 33,
    "github": "ghp_" + "a" * 36,
    "bearer": "Bearer " + "a.b-c_" * 5,
    "slack": "xoxb-1111111111-abcdefgh",
    "hf": "hf_" + "a" * 34,
    "short": "sk-ant-x",
}
"""One credential of each kind that the table speaks of; the table itself only tells how they begin."""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """The files that the cases speak of."""
    (tmp_path / "a.txt").write_text("hello\nworld\n", encoding="utf-8")
    (tmp_path / "dir").mkdir()
    (tmp_path / "sp ace").mkdir()
    (tmp_path / "sp ace/f").touch()
    return tmp_path


def rule(written: dict[str, Any]) -> Rule:
    return Rule(**{"stage": 1, "retry_count": 0, "retry_delay_ms": 0, **written})


def ground(workspace: Path, modified: dict[str, int] | None = None) -> Ground:
    return Ground(workspace, {**CONTEXT, "workspace": str(workspace)}, {"PATH": os.environ["PATH"]}, modified)


@pytest.mark.parametrize("case", units()["validation_engine"])
def test_validation_engine(case: dict[str, Any], workspace: Path) -> None:
    found = forked(lambda: run_check(rule(case["rule"]), ground(workspace)))
    assert found["passed"] is case["passed"]
    fields = ("failure_category", "error_type", "confidence", "confidence_factors", "actual_value", "expected_value")
    seen = {field: found.get(field, {} if field == "confidence_factors" else None) for field in fields}
    shown = {key: value.replace(str(workspace), "<WS>") if isinstance(value, str) else value
             for key, value in seen.items()}  # fmt: skip
    assert shown == {field: case[field] for field in fields}


def test_staged(workspace: Path) -> None:
    expected = units()["staged"]["staged"]
    rules = [
        rule({"type": "command_succeeds", "command": "false", "stage": expected["failed_stage"]}),
        rule({"type": "command_succeeds", "command": "true", "stage": expected["failed_stage"]}),
        rule({"type": "command_succeeds", "command": "touch ran", "stage": expected["failed_stage"] + 1}),
    ]
    found = forked(lambda: run_checks(rules, ground(workspace)))
    assert [each["passed"] for each in found] == expected["passed"]
    assert [each.get("failure_category") for each in found] == expected["categories"]
    assert pass_percentage(found) == pytest.approx(expected["pass_percentage"])
    assert pass_percentage(executed(found)) == pytest.approx(expected["executed_pass_percentage"])
    assert len(found) - len(executed(found)) == expected["skipped"]
    assert sum(not each["passed"] for each in executed(found)) == expected["failed"]
    assert not (workspace / "ran").exists()


def executed(checks: list[Check]) -> list[Check]:
    return [check for check in checks if check.get("failure_category") != "skipped"]


@pytest.mark.parametrize(
    "snapshot", ["with_snapshot_unmodified", "with_snapshot_modified", "without_snapshot_existing_file"]
)
def test_file_modified_snapshot(snapshot: str, workspace: Path) -> None:
    watched = rule({"type": "file_modified", "path": "{workspace}/a.txt"})
    before = modified_times([watched], ground(workspace)) if snapshot.startswith("with_") else None
    if snapshot == "with_snapshot_modified":
        os.utime(workspace / "a.txt", (2**32, 2**32))
    found = run_check(watched, ground(workspace, before))
    assert found["passed"] is units()["file_modified_snapshot"][snapshot]


@pytest.mark.parametrize("case", units()["aggregates"])
def test_aggregates(case: dict[str, Any]) -> None:
    checks = [check(*result) for result in case["results"]]
    verdict = judged(plain({}, "", "failed", "", ""), checks, None)
    assert verdict["validation_passed"] is case["all_passed"]
    assert verdict["pass_percentage"] == pytest.approx(case["pass_percentage"])
    assert pass_percentage(executed(checks)) == pytest.approx(case["executed_pass_percentage"])
    assert (verdict["outcome"] == "completed") is case["all_passed"]
    assert len(verdict["failed_rules"]) == sum(not each["passed"] for each in checks)


def check(passed: bool, confidence: float, category: str | None) -> Check:
    found = Check(rule_type="file_exists", passed=passed, checked_at="", check_duration_ms=0.0, confidence=confidence)
    if category is not None:
        found["failure_category"] = category  # type: ignore[typeddict-item]
    return found


@pytest.mark.parametrize("case", units()["capture_output"])
def test_capture_output(case: dict[str, Any]) -> None:
    tees = [said(case[stream].encode(), case["max_bytes"]) for stream in ("stdout", "stderr")]
    ended = Exit(0, None, timed_out=False, interrupted=False, seconds=1.0)
    verdict = with_performance(plain({}, "", "failed", "", ""), ended, Report(), tuple(tee.tail for tee in tees), 0.0)
    tails = [verdict.get("stdout_tail"), verdict.get("stderr_tail")]
    assert tails == [case["stdout_tail"], case["stderr_tail"]]
    assert any(tee.truncated for tee in tees) is case["output_truncated"]


def said(text: bytes, limit: int) -> Tee:
    """In pieces, as programs speak."""
    tee = Tee(lambda _: None, limit)
    for start in range(0, len(text), 3):
        tee.feed(text[start : start + 3])
    tee.close()
    return tee


@pytest.mark.parametrize("case", units()["redaction"])
def test_redaction(case: dict[str, Any]) -> None:
    shape = case["sample_shape"].rstrip("…")
    sample = SAMPLES[case["kind"]]
    assert sample.startswith(shape[:3])
    made = redact(f"k={sample} end".encode()).decode()
    assert (made != f"k={sample} end") is case["changed"]
    assert made == case["label"]
