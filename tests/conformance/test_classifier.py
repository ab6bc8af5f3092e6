"""Why an instrument failed, against Marianne's own answers."""

from typing import Any

import pytest

from marianne_runner.classify import Ending, classify, classify_words
from marianne_runner.classify_text import Cause
from marianne_runner.classify_wait import wait_told
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


def test_every_error_code_is_marianne_s() -> None:
    assert set(ERROR_CODES) == {case["code"] for case in units()["error_codes"]}


@pytest.mark.parametrize("case", units()["rate_limit_wait_extraction"])
def test_rate_limit_wait_extraction(case: dict[str, Any]) -> None:
    assert wait_told(case["text"], now=0.0) == case["wait"]
