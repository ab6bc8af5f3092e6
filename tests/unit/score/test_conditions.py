"""The grammar of a validation's condition, corner by corner."""

import pytest

from marianne_operator.score.conditions import applies

CONTEXT = {
    "sheet_num": 3,
    "stage": 2,
    "instance": 1,
    "fan_count": 3,
    "word": "x",
    "ratio": 2.5,
    "flag": True,
    "brand": 5,
}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (None, True),
        ("", True),
        ("stage == 2", True),
        ("stage == 3", False),
        ("stage != 2", False),
        ("stage >= 2", True),
        ("stage > 2", False),
        ("stage <= 2", True),
        ("stage < 2", False),
        ("stage==2", True),
        ("stage == 2 and instance == 1", True),
        ("stage == 2 and instance == 2", False),
        ("stage == 3 and instance == 1", False),
        # what follows the digits is not read
        ("stage == 2 or stage == 9", True),
        ("stage == 9 or stage == 2", False),
        ("stage == 2 AND stage == 9", True),
        # what does not match is true
        ("stage == -2", True),
        ("stage in [9]", True),
        ("(stage == 9)", True),
        ("word == 9", True),
        ("ratio == 9", True),
        ("unknown == 9", True),
        ("stage == 2 and unknown == 9", True),
        ("brand == 9", False),
        ("flag == 1", True),
        ("flag == 0", False),
    ],
)
def test_conditions(condition, expected):
    assert applies(condition, CONTEXT) is expected


def test_a_context_without_a_sheet_counts_from_zero():
    assert applies("sheet_num == 0", {})
    assert not applies("sheet_num == 1", {})
