"""Why an instrument failed, beyond what the conformance tables say."""

import json

import pytest

from marianne_runner.classify import Classified, Ending, classify
from marianne_runner.classify_wait import wait_told
from marianne_runner.contract import CATEGORIES, ERROR_CODES

NOON = 1_800_014_400.0 - 1_800_014_400.0 % 86400 + 43200


def found(stderr: str = "", code: int | None = 1, *, stdout: str = "", signal: int | None = None,
          timed_out: bool = False) -> Classified:  # fmt: skip
    return classify(stdout, stderr, Ending(code, signal, timed_out), now=NOON)


def codes(told: Classified) -> list[str]:
    return [told.cause.code, *(each.code for each in told.symptoms)]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("limit reached, resets in 1h 30m", 5400),
        ("resets in 2 hours and 5 minutes", 7500),
        ("Claude AI usage limit reached|" + str(int(NOON) + 4000), 4000),
        ("your limit resets 3pm (UTC)", 3 * 3600),
        ("resets at 12:00", 86400),
        ("resets at 9am", 21 * 3600),
        ("resets at 2099-01-01T00:00:00Z", 86400),
        ('{"retry_after": 1200}', 1200),
        ("retry-after: 1", 300),
        ("try again in 20 minutes", 1200),
        ("resets at 77:99", None),
        ("resets at 2099-99-99T00:00:00Z", None),
        ("the password resets 3 times", None),
        ("nothing", None),
        ("wait 999999999 days", 86400),
    ],
)
def test_waits(text: str, seconds: float | None) -> None:
    assert wait_told(text, NOON) == seconds


def test_a_limit_lies_deeper_than_the_signal_that_ended_it() -> None:
    assert codes(found("rate limit exceeded", None, signal=15)) == ["E101", "E002"]
    assert codes(found("quota: resets in 1 hour", None, timed_out=True)) == ["E104", "E001"]


def test_how_it_was_stopped() -> None:
    assert codes(found("", None, timed_out=True)) == ["E001"]
    assert codes(found("stale execution", None, timed_out=True)) == ["E006"]
    assert codes(found("", -9)) == ["E002"]
    assert found("", None, signal=2).cause[:3] == ("E004", "fatal", False)


@pytest.mark.parametrize(("code", "ended"), [(137, (None, 9)), (143, (None, 15)), (139, (None, 11)), (1, (1, None)),
                                             (128, (128, None)), (200, (200, None)), (None, (None, None))])  # fmt: skip
def test_shells_tell_signals_as_exit_codes(code: int | None, ended: tuple[int | None, int | None]) -> None:
    assert Ending.of_shell(code, None, timed_out=False)[:2] == ended


@pytest.mark.parametrize(("code", "expected"), [(124, "E001"), (127, "E505"), (2, "E009"), (42, "E999")])
def test_exit_codes(code: int, expected: str) -> None:
    assert codes(found("", code)) == [expected]


def errors(*told: tuple[str, str]) -> str:
    return json.dumps({"errors": [{"type": kind, "message": message} for kind, message in told]})


def test_errors_in_json_behind_words_and_on_lines() -> None:
    lines = "\n".join(["start", errors(("other", "tls broken")), errors(("system", "overloaded"))])
    assert codes(found(stdout=lines)) == ["E903", "E103"]


def test_json_errors_of_something_that_vanished() -> None:
    assert codes(found("", None, stdout=errors(("other", "who knows of tls")))) == ["E903", "E999"]


@pytest.mark.parametrize("text", ['{"errors": 1}', '{"errors": [1, null, {}]}', '{"errors": [{"message": 3}]}',
                                  '["errors"]', '{"errors": ' + "[" * 9000, '"errors" {"errors": [}'])  # fmt: skip
def test_odd_json_is_no_harm(text: str) -> None:
    told = found(stdout=text, stderr=text)
    assert told.cause.code in ERROR_CODES and told.cause.category in CATEGORIES
