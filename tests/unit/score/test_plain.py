"""What an author wrote as plain JSON, and what JSON cannot say."""

import datetime
import math

import pytest

from marianne_operator.score.load import tree_of
from marianne_operator.score.plain import canonical, plain
from marianne_operator.score.refused import ScoreRefusedError


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("a: {1: x, b: y}", {"a": {"1": "x", "b": "y"}}),
        ("a: {true: x, null: y, 2.5: z}", {"a": {"true": "x", "null": "y", "2.5": "z"}}),
        ("a: 2026-01-31", {"a": "2026-01-31"}),
        ("a: 2026-01-31 10:20:30", {"a": "2026-01-31 10:20:30"}),
        ("2026-01-31: a", {"2026-01-31": "a"}),
        ("a: [1, 2.5, true, null, x, [y]]", {"a": [1, 2.5, True, None, "x", ["y"]]}),
        ("a: 9223372036854775807", {"a": 2**63 - 1}),
        ("a: -9223372036854775808", {"a": -(2**63)}),
    ],
)
def test_what_yaml_can_say_and_json_too(text, made):
    assert plain(tree_of(text)) == made


@pytest.mark.parametrize(
    ("tree", "words"),
    [
        ({"a": {"b": "x\0y"}}, "a.b: holds a NUL character"),
        ({"a": {"b\0": 1}}, "a.b?: holds a NUL character"),
        ({"a": ["\ud800"]}, "a.0: is not valid Unicode"),
        ({"a": math.inf}, "a: is not a finite number"),
        ({"a": {"b": math.nan}}, "a.b: is not a finite number"),
        ({"a": 2**63}, "a: has more than 64 bits; write it as text"),
        ({"a": -(2**63) - 1}, "a: has more than 64 bits"),
        ({"a": {math.inf: 1}}, "a.inf: is not a finite number"),
        ({"a": b"x"}, "a: holds a bytes"),
        ({"a": {1, 2}}, "a: holds a set"),
        ({"a": {"1": "x", 1: "y"}}, "a.1: is written twice, as a number and as text; keep one"),
        ({"a": {(1, 2): 1}}, "a: has a tuple as a key"),
        ({"a": {datetime.time(1): 1}}, "a.01:00:00: holds a time"),
    ],
)
def test_what_json_cannot_say_is_refused_by_its_path(tree, words):
    with pytest.raises(ScoreRefusedError) as refused:
        plain(tree)
    assert refused.value.reason == "ScoreInvalid"
    assert refused.value.message.startswith(words)


def test_a_long_path_is_cut():
    with pytest.raises(ScoreRefusedError) as refused:
        plain({1000 * "x": "\0"})
    assert len(refused.value.message) < 300


def deep(levels):
    made = {}
    for _ in range(levels - 1):
        made = {"a": made}
    return made


def test_depth_has_a_bound():
    assert plain(deep(64))
    for tree in (deep(65), deep(500), {"a": [[deep(62)]]}):
        with pytest.raises(ScoreRefusedError, match="nested deeper than 64 levels") as refused:
            plain(tree)
        assert refused.value.reason == "ScoreTooLarge"


def test_size_has_a_bound():
    assert plain({"a": 199_997 * [1]})
    with pytest.raises(ScoreRefusedError, match="more than 200000 values") as refused:
        plain({"a": [199_998 * [1], []]})
    assert refused.value.reason == "ScoreTooLarge"


def test_text_and_tree_are_counted_alike():
    lists = 16 * ["[" + 12_498 * "1," + "]"]
    text = "a: [" + ",".join(lists) + "]"  # 1 + 2 + 16 * 12499 = 199987 values
    assert plain(tree_of(text))
    with pytest.raises(ScoreRefusedError, match="more than 200000 values"):
        tree_of(text[:-1] + "," + 14 * "1," + "]")
    with pytest.raises(ScoreRefusedError, match="more than 200000 values"):
        plain({"a": [*(16 * [12_498 * [1]]), *(14 * [1])]})


def test_a_canonical_tree_has_one_spelling():
    assert canonical({"b": 1, "a": {"d": "é", "c": 2}}) == '{"a":{"c":2,"d":"é"},"b":1}'.encode()
    assert canonical(plain(tree_of("{b: 1, a: 2}"))) == canonical(plain(tree_of("a: 2\nb: 1  # so\n")))
