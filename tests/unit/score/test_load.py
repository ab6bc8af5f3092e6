"""Text to a score: what is refused, with which reason and in which words."""

import pytest

from marianne_operator.score.load import MAX_TEXT, score_of, tree_of
from marianne_operator.score.refused import LONGEST, ScoreRefusedError
from tests.unit.score.given import tree

SMALL = "name: song\nsheet: {size: 1, total_items: 3}\nprompt: {template: play}\n"
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join(9 * ['*' + last])}]\n" for last, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def test_a_small_score_is_read():
    score = score_of(tree_of(SMALL))
    assert (score.name, score.sheet.total_items, score.prompt.template) == ("song", 3, "play")


@pytest.mark.parametrize(
    ("text", "reason", "words"),
    [
        ("", "ScoreInvalid", "a score is a YAML mapping; this is empty"),
        ("# nothing\n", "ScoreInvalid", "this is empty"),
        ("- a\n- b\n", "ScoreInvalid", "this is a list"),
        ("just text", "ScoreInvalid", "this is a str"),
        ("name: [", "ScoreInvalid", "not YAML:"),
        ("name: a\n  b: c\n", "ScoreInvalid", "line 2"),
        (SMALL + "---\n" + SMALL, "ScoreInvalid", "single document"),
        (BOMB, "ScoreInvalid", "line 1: YAML anchors and aliases (&a, *a) are not allowed; write the value out"),
        ("name: &x song\n", "ScoreInvalid", "(&x, *x) are not allowed"),
        ("name: *x\n", "ScoreInvalid", "(&x, *x) are not allowed"),
        (SMALL + "name: again\n", "ScoreInvalid", "line 4: 'name' is written twice; keep one"),
        ("a: {1: x, 1: y}\n", "ScoreInvalid", "line 1: 1 is written twice"),
        ("a:\n  b:\n    - {c: 1, c: 1}\n", "ScoreInvalid", "line 3: 'c' is written twice"),
        ("? [a, b]\n: c\n", "ScoreInvalid", "line 1: a key is text or a number, not a sequence"),
        ("? {a: b}\n: c\n", "ScoreInvalid", "not a mapping"),
        ("a: !!python/object/apply:os.system [ls]\n", "ScoreInvalid", "could not determine a constructor"),
        ("a: !mine b\n", "ScoreInvalid", "could not determine a constructor"),
        ("a: 2026-13-45\n", "ScoreInvalid", "not YAML: month must be in 1..12"),
        ("a: " + 5000 * "9", "ScoreInvalid", "not YAML: Exceeds the limit"),
        ("a: \0b\n", "ScoreInvalid", "not YAML:"),
        ("a: \ud800\n", "ScoreInvalid", "not YAML:"),
        (65 * "[" + 65 * "]", "ScoreTooLarge", "nested deeper than 64 levels"),
        ("a: " + 100_000 * "{b: ", "ScoreTooLarge", "nested deeper than 64 levels"),
        ("a: [" + 200_000 * "b," + "]", "ScoreTooLarge", "more than 200000 values"),
        (SMALL + "#" + MAX_TEXT * "x", "ScoreTooLarge", "longer than 524288 bytes"),
        (SMALL + "#" + (MAX_TEXT // 2) * "é", "ScoreTooLarge", "longer than 524288 bytes"),
    ],
)
def test_hostile_and_broken_text_is_refused(text, reason, words):
    with pytest.raises(ScoreRefusedError) as refused:
        tree_of(text)
    assert refused.value.reason == reason
    assert words in refused.value.message
    assert "\n" not in refused.value.message


def test_the_alias_bomb_is_small():
    assert len(BOMB) < 400


@pytest.mark.parametrize(
    "text", [SMALL + "#" + (MAX_TEXT - len(SMALL) - 1) * "x", "a: " + 63 * "[" + 63 * "]", "a: [" + 100 * "[]," + "]"]
)
def test_the_limits_themselves_are_allowed(text):
    assert tree_of(text)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"titel": "x"}, "titel: no such field; check the spelling"),
        ({"sheet": {"size": 1, "total_items": 3, "item": 1}}, "sheet.item: no such field"),
        ({"sheet": {"size": 1}}, "sheet.total_items: is missing; write it"),
        ({"sheet": {"size": 0, "total_items": 3}}, "sheet.size: Input should be greater than or equal to 1 (is 0)"),
        ({"sheet": {"size": "x", "total_items": 3}}, "sheet.size: Input should be a valid integer"),
        ({"sheet": {"size": 1, "total_items": 3, "fan_out": {"two": 2}}}, "sheet.fan_out.two:"),
        ({"prompt": {"template": "a", "template_file": "b"}}, "prompt: write template or template_file, not both"),
        ({"validations": [{"type": "file_exists"}]}, "validations.0: file_exists needs path"),
        ({"validations": [{"type": "exists"}]}, "validations.0.type: Input should be 'file_exists'"),
    ],
)
def test_an_error_names_the_field_and_the_fix(fields, words):
    with pytest.raises(ScoreRefusedError) as refused:
        score_of(tree(**fields))
    assert refused.value.reason == "ScoreInvalid"
    assert refused.value.message.startswith(words)


def test_the_first_five_errors_are_told_and_the_rest_counted():
    with pytest.raises(ScoreRefusedError) as refused:
        score_of(tree(**{f"field{number}": 1 for number in range(8)}))
    assert refused.value.message.count("no such field") == 5
    assert refused.value.message.endswith("; and 3 more")


def test_long_values_and_names_are_not_repeated_whole():
    with pytest.raises(ScoreRefusedError) as refused:
        score_of(tree(**{1000 * "x": 1, "state_backend": 1000 * "y"}))
    assert len(refused.value.message) < 300


def test_a_message_is_bounded():
    refused = ScoreRefusedError("ScoreInvalid", 10_000 * "x")
    assert len(refused.message) == LONGEST
    assert refused.message.endswith("…")
    assert ScoreRefusedError("ScoreInvalid", "short").message == "short"
