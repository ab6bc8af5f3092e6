"""What a failed instrument's output says of the reason."""

import pytest

from marianne_runner.classify import Ending
from marianne_runner.signals import Said, Signals, cause, heard

ERRORS = {
    "rate_limit_patterns": ["rate.limit", "429"],
    "auth_error_patterns": ["unauthorized"],
    "crash_patterns": ["panic"],
    "stale_patterns": ["stale"],
    "timeout_patterns": ["timed? ?out"],
    "capacity_patterns": ["overloaded", "(unclosed"],
}


@pytest.mark.parametrize(
    ("stdout", "stderr", "signals"),
    [
        ("", "", Signals()),
        ("", "Rate Limit", Signals(rate_limited=True)),
        ("we wrote of rate limits", "", Signals()),
        ("UNAUTHORIZED", "429", Signals(rate_limited=True, error_type="auth")),
        ("", "timeout; unauthorized", Signals(error_type="auth")),
        ("overloaded", "stale; timeout", Signals(error_type="stale")),
        ("stale", "panic", Signals(error_type="crash")),
        ("overloaded", "timed out", Signals(error_type="timeout")),
        ("\ufffdoverloaded", "", Signals(error_type="capacity")),
        ("", "an (UNCLOSED group", Signals(error_type="capacity")),
    ],
)
def test_what_is_recognised(stdout: str, stderr: str, signals: Signals) -> None:
    assert heard(ERRORS, stdout, stderr) == signals


def test_a_profile_without_patterns_recognises_nothing() -> None:
    assert heard({}, "unauthorized", "429") == Signals()
    assert heard({"rate_limit_patterns": None, "crash_patterns": None}, "", "429 panic") == Signals()


@pytest.mark.parametrize(
    ("signals", "told"),
    [
        (Signals(), ""),
        (Signals(rate_limited=True), "rate limited"),
        (Signals(error_type="auth"), "auth error"),
        (Signals(rate_limited=True, error_type="capacity"), "rate limited, capacity error"),
    ],
)
def test_how_it_is_told(signals: Signals, told: str) -> None:
    assert signals.told == told


FAILED = Ending(1)


def code(stdout: str = "", stderr: str = "", ended: Ending = FAILED, **more: object) -> str:
    said = Said(stdout, stderr, **more)  # type: ignore[arg-type]
    return cause(heard(ERRORS, stdout, stderr), ended, said, now=0.0).code


def test_the_profile_knows_better_than_the_words() -> None:
    assert code(stderr="unauthorized: connection refused") == "E502"
    assert code(stderr="connection refused") == "E901"
    assert code(stderr="panic: invalid argument") == "E009"
    assert code(stdout="overloaded") == "E103"


def test_a_limit_is_told_with_its_kind_and_its_wait() -> None:
    said = Said("", "429: quota spent, resets in 2 hours")
    assert cause(Signals(rate_limited=True), FAILED, said, 0.0)[::3] == ("E104", 7200.0)
    assert cause(Signals(rate_limited=True), FAILED, Said("", "slow down, wait 20 minutes"), 0.0)[::3] == (
        "E101",
        1200.0,
    )


def test_a_program_that_was_stopped_for_its_time_is_not_asked_what_it_was_about() -> None:
    stopped = Ending(timed_out=True)
    assert code(stderr="unauthorized", ended=stopped) == "E001"
    assert code(stderr="429, I wait", ended=stopped) == "E101"


def test_what_was_said_long_before_the_end_is_no_reason() -> None:
    talk = "I looked for permission denied\n" + "then I wrote\n" * 9
    assert code(stdout=talk) == "E009"
    assert code(stdout=f"{talk}permission denied") == "E502"


def test_a_conversation_is_not_searched_but_its_error_is() -> None:
    assert code(stdout='{"tool": "permission denied"}', plain=False) == "E009"
    assert code(stdout='{"tool": "fine"}', error="permission denied", plain=False) == "E502"
    assert code(stdout='{"errors": [{"type": "x", "message": "tls broken"}]}\n{"end": 1}', plain=False) == "E903"
