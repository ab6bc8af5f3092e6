"""Why an instrument failed, against Marianne's own answers."""

from typing import Any

import pytest

from marianne_operator.plan.retry import delay_seconds
from marianne_operator.score.compile import compile_source
from marianne_runner.aggregates import confidence
from marianne_runner.classify import Ending, classify, classify_words
from marianne_runner.classify_text import Cause
from marianne_runner.classify_wait import wait_told
from marianne_runner.contract import Check, Retry
from marianne_runner.contract.error_codes import ERROR_CODES, group
from tests.conformance.data import units


def seen(cause: Cause) -> dict[str, Any]:
    return {"category": cause.category, "code": cause.code, "retriable": cause.retriable, "wait": cause.wait}


def asked(given: dict[str, Any]) -> tuple[tuple[str, str, Ending], dict[str, Any]]:
    ended = Ending(given.get("exit_code"), given.get("exit_signal"), given.get("exit_reason") == "timeout")
    text = given.get("output_format") == "text"
    return (given.get("stdout", ""), given.get("stderr", ""), ended), {"text_output": text}


@pytest.mark.parametrize("case", units()["classifier"])
def test_classifier(case: dict[str, Any]) -> None:
    given, options = asked(case["input"])
    found = classify(*given, **options)
    assert seen(found.cause) == case["primary"]
    assert [each.code for each in found.symptoms] == case["secondary_codes"]
    assert seen(classify_words(*given, **options)) == case["classify_only"]


@pytest.mark.parametrize("case", units()["error_codes"])
def test_error_codes(case: dict[str, Any]) -> None:
    known = ERROR_CODES[case["code"]]._asdict() | {"code": case["code"], "group": group(case["code"])}
    assert known == case


@pytest.mark.parametrize("case", units()["rate_limit_wait_extraction"])
def test_rate_limit_wait_extraction(case: dict[str, Any]) -> None:
    assert wait_told(case["text"], now=0.0) == case["wait"]


@pytest.mark.parametrize("case", units()["aggregates"])
def test_aggregate_confidence(case: dict[str, Any]) -> None:
    checks = [check(*result) for result in case["results"]]
    assert confidence(checks) == pytest.approx(case["aggregate_confidence"])


def check(passed: bool, sure: float, category: str | None) -> Check:
    found = Check(rule_type="file_exists", passed=passed, checked_at="", check_duration_ms=0.0, confidence=sure)
    return found if category is None else Check(**found, failure_category=category)  # type: ignore[typeddict-item]


def test_documented_retry_delay_without_jitter() -> None:
    retry = compile_source({"name": "x", "sheet": {"size": 1, "total_items": 1}, "prompt": {"template": "x"}})["retry"]
    plain = Retry(**{**retry, "jitter": False})  # type: ignore[typeddict-item]
    expected = units()["documented_retry_delay_without_jitter"]["defaults"]
    assert [delay_seconds(plain, tries, "") for tries in range(1, len(expected) + 1)] == expected
