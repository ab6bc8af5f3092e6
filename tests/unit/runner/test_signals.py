"""What a failed instrument's output says of the reason."""

import pytest

from marianne_runner.signals import Signals, heard

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
        (b"", b"", Signals()),
        (b"", b"Rate Limit", Signals(rate_limited=True)),
        (b"we wrote of rate limits", b"", Signals()),
        (b"UNAUTHORIZED", b"429", Signals(rate_limited=True, error_type="auth")),
        (b"", b"timeout; unauthorized", Signals(error_type="auth")),
        (b"overloaded", b"stale; timeout", Signals(error_type="stale")),
        (b"stale", b"panic", Signals(error_type="crash")),
        (b"overloaded", b"timed out", Signals(error_type="timeout")),
        (b"\xffoverloaded", b"", Signals(error_type="capacity")),
        (b"", b"an (UNCLOSED group", Signals(error_type="capacity")),
    ],
)
def test_what_is_recognised(stdout: bytes, stderr: bytes, signals: Signals) -> None:
    assert heard(ERRORS, stdout, stderr) == signals


def test_a_profile_without_patterns_recognises_nothing() -> None:
    assert heard({}, b"unauthorized", b"429") == Signals()
    assert heard({"rate_limit_patterns": None, "crash_patterns": None}, b"", b"429 panic") == Signals()


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
