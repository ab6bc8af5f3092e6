"""Who plays when a sheet's instrument cannot: the more special list replaces the others."""

import pytest

from marianne_operator.score.compile import compile_score
from marianne_operator.score.expansion import Place
from marianne_operator.score.instruments import fallbacks, performer
from tests.unit.score.given import score, sheets

SECOND = Place(2, 2)


def chain(sheet=None, **fields):
    read = score(sheet=sheets(**(sheet or {})), **fields)
    return fallbacks(read, SECOND, performer(read, SECOND))


def names(sheet=None, **fields):
    return [each["instrument"] for each in chain(sheet, **fields)]


OF_MOVEMENT = {"movements": {2: {"instrument_fallbacks": ["goose"]}}}


@pytest.mark.parametrize(
    ("fields", "sheet", "expected"),
    [
        ({}, {}, []),
        ({"instrument_fallbacks": ["a", "b"]}, {}, ["a", "b"]),
        ({"instrument_fallbacks": ["a"]} | OF_MOVEMENT, {}, ["goose"]),
        ({"instrument_fallbacks": ["a"], "movements": {1: {"instrument_fallbacks": ["goose"]}}}, {}, ["a"]),
        ({"instrument_fallbacks": ["a"]} | OF_MOVEMENT, {"per_sheet_fallbacks": {2: ["crush"]}}, ["crush"]),
        ({"instrument_fallbacks": ["a"]} | OF_MOVEMENT, {"per_sheet_fallbacks": {2: []}}, []),
        ({"instrument_fallbacks": ["a"]}, {"per_sheet_fallbacks": {3: []}}, ["a"]),
        # nobody plays twice
        ({"instrument": "a", "instrument_fallbacks": ["b", "a", "b", "c"]}, {}, ["b", "c"]),
    ],
)
def test_the_chain(fields, sheet, expected):
    assert names(sheet, **fields) == expected


def test_two_names_of_one_program_are_two_when_they_are_configured_otherwise():
    aliases = {"big": {"profile": "claude-code", "config": {"model": "big"}}, "small": {"profile": "claude-code"}}
    made = chain(instrument="big", instruments=aliases, instrument_fallbacks=["small", "big", "claude-code"])
    assert made == [{"instrument": "claude-code"}]


def test_only_its_own_configuration_and_never_the_others_model():
    made = chain(
        {"per_sheet_instrument_config": {2: {"model": "of-sheet", "b": 2}}},
        instrument_config={"model": "of-score", "a": 1},
        instruments={"mine": {"profile": "aider", "config": {"model": "of-alias"}}},
        instrument_fallbacks=["goose", "mine"],
    )
    assert made == [
        {"instrument": "goose", "config": {"a": 1}},
        {"instrument": "aider", "config": {"a": 1, "model": "of-alias"}, "model": "of-alias"},
    ]


def test_the_time_of_the_sheet_stays():
    aliases = {"slow": {"profile": "aider", "config": {"timeout_seconds": 9}}}
    made = chain(backend={"timeout_seconds": 7}, instruments=aliases, instrument_fallbacks=["goose", "slow"])
    assert [each["timeout_seconds"] for each in made] == [7, 9]


def test_compiled_small():
    """Performers are shared; a sheet without a chain says nothing of one."""
    made = compile_score(
        score(sheet=sheets(per_sheet_fallbacks={2: []}), instrument="a", instrument_fallbacks=["b", "c"]), "d"
    )
    assert [each["instrument"] for each in made["performers"]] == ["a", "b", "c"]
    assert [each.get("fallbacks") for each in made["sheets"]] == [[1, 2], None, [1, 2]]
