"""Durations as kubectl takes them."""

import pytest

from kubectl_marianne.times import seconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [("90s", 90), ("5m", 300), ("1h30m", 5400), ("2d", 172800), ("250ms", 0.25), ("7", 7), ("0", 0)],
)
def test_what_is_understood(text: str, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "s", "1x", "-1s", "1 s", "1h30", "m1"])
def test_what_is_not(text: str) -> None:
    with pytest.raises(ValueError, match="write it as"):
        seconds(text)
