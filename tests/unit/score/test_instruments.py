"""Who performs a sheet: the more special word wins."""

import pytest

from marianne_operator.score.expansion import Place
from marianne_operator.score.instruments import performer
from tests.unit.score.given import score, sheets

SECOND = Place(2, 2)
ALIAS = {"mine": {"profile": "aider", "config": {"b": 2, "model": "of-alias"}}}


def played(place=SECOND, sheet=None, **fields):
    return performer(score(sheet=sheets(**(sheet or {})), **fields), place)


@pytest.mark.parametrize(
    ("fields", "sheet", "instrument"),
    [
        ({}, {}, "claude_cli"),
        ({"backend": {"type": "ollama"}}, {}, "ollama"),
        ({"instrument": "cli"}, {}, "cli"),
        ({"instrument": "cli", "movements": {2: {"instrument": "goose"}}}, {}, "goose"),
        ({"instrument": "cli", "movements": {1: {"instrument": "goose"}}}, {}, "cli"),
        ({"instrument": "cli", "movements": {2: {"name": "x"}}}, {}, "cli"),
        ({"movements": {2: {"instrument": "goose"}}}, {"instrument_map": {"crush": [2]}}, "crush"),
        ({"movements": {2: {"instrument": "goose"}}}, {"instrument_map": {"crush": [1, 3]}}, "goose"),
        ({}, {"instrument_map": {"crush": [2]}, "per_sheet_instruments": {2: "codex-cli"}}, "codex-cli"),
        ({"instrument": "mine", "instruments": ALIAS}, {}, "aider"),
        ({"instruments": ALIAS}, {"per_sheet_instruments": {2: "mine"}}, "aider"),
        ({"instruments": ALIAS}, {"instrument_map": {"mine": [2]}}, "aider"),
        ({"instruments": ALIAS, "movements": {2: {"instrument": "mine"}}}, {}, "aider"),
        ({"instruments": {"a": {"profile": "b"}, "b": {"profile": "c"}}, "instrument": "a"}, {}, "b"),
    ],
)
def test_the_name(fields, sheet, instrument):
    assert played(sheet=sheet, **fields)["instrument"] == instrument


MOVED = {2: {"instrument": "goose", "instrument_config": {"c": 3, "model": "of-movement"}}}
SCORE = {"a": 1, "model": "of-score"}


@pytest.mark.parametrize(
    ("fields", "sheet", "config"),
    [
        ({"instrument_config": SCORE}, {}, SCORE),
        ({"instrument_config": SCORE, "movements": MOVED}, {}, {"a": 1, "c": 3, "model": "of-movement"}),
        (
            {"instrument_config": SCORE, "movements": {2: {"instrument_config": {"c": 3}}}},
            {},
            {"a": 1, "c": 3, "model": "of-score"},
        ),
        # a movement's configuration is not for an instrument that came from elsewhere
        ({"instrument_config": SCORE, "movements": MOVED}, {"per_sheet_instruments": {2: "x"}}, SCORE),
        ({"instrument_config": SCORE, "movements": MOVED}, {"instrument_map": {"x": [2]}}, SCORE),
        (
            {"instrument_config": SCORE, "movements": {2: MOVED[2] | {"instrument": "mine"}}, "instruments": ALIAS},
            {},
            {"a": 1, "b": 2, "c": 3, "model": "of-alias"},
        ),
        (
            {"instrument_config": SCORE, "instrument": "mine", "instruments": ALIAS},
            {"per_sheet_instrument_config": {2: {"model": "of-sheet"}, 3: {"z": 1}}},
            {"a": 1, "b": 2, "model": "of-sheet"},
        ),
    ],
)
def test_the_configuration(fields, sheet, config):
    made = played(sheet=sheet, **fields)
    assert made["config"] == config
    assert made["model"] == config["model"]


def test_what_is_not_said_is_absent():
    assert played() == {"instrument": "claude_cli"}
    assert "model" not in played(instrument_config={"model": 5})


def backend(**fields):
    return {"backend": fields}


@pytest.mark.parametrize(
    ("fields", "timeout"),
    [
        ({}, None),
        (backend(timeout_seconds=7), 7),
        (backend(timeout_seconds=1800), 1800),
        (backend(timeout_seconds=7) | {"instrument_config": {"timeout_seconds": 6}}, 6),
        ({"instrument_config": {"timeout_seconds": 6}}, 6),
        (
            {
                "instrument_config": {"timeout_seconds": 6},
                "movements": {2: {"instrument_config": {"timeout_seconds": 5}}},
            },
            5,
        ),
        (
            {
                "instrument_config": {"timeout_seconds": 6},
                "movements": {1: {"instrument_config": {"timeout_seconds": 5}}},
            },
            6,
        ),
        ({"movements": {2: {"instrument": "cli", "instrument_config": {"timeout_seconds": 5}}}}, 5),
        (
            backend(timeout_overrides={2: 4}) | {"movements": {2: {"instrument_config": {"timeout_seconds": 5}}}},
            4,
        ),
        ({"instrument_config": {"timeout_seconds": "6"}}, None),
        ({"instrument_config": {"timeout_seconds": True}}, None),
        ({"instrument_config": {"timeout_seconds": 0}}, None),
        (backend(timeout_overrides={2: 5}) | {"instrument_config": {"timeout_seconds": 6}}, 5),
        (backend(timeout_overrides={1: 5}, timeout_seconds=7), 7),
        (backend(timeout_overrides={2: 5}, sheet_overrides={2: {"timeout_seconds": 4}}), 4),
        (backend(timeout_overrides={2: 5}, sheet_overrides={2: {}}), 5),
        (backend(timeout_overrides={2: 5}, sheet_overrides={1: {"timeout_seconds": 4}}), 5),
    ],
)
def test_the_timeout(fields, timeout):
    """None where the profile has the word; Marianne's own default counts only where it is written."""
    assert played(**fields).get("timeout_seconds") == timeout


def test_a_voice_has_the_time_of_its_movement_and_a_sheet_its_own():
    third, slow = Place(3, 2, 2, 2), {"movements": {2: {"instrument_config": {"timeout_seconds": 50}}}}
    assert played(third, **slow)["timeout_seconds"] == 50
    own = {"per_sheet_instrument_config": {3: {"timeout_seconds": 40}}}
    assert played(third, own, **slow)["timeout_seconds"] == 40
    assert played(Place(2, 2, 1, 2), own, **slow)["timeout_seconds"] == 50


def test_overrides_are_by_concrete_sheet_and_movements_by_stage():
    third = Place(3, 2, 2, 2)
    assert played(third, movements={2: {"instrument": "goose"}})["instrument"] == "goose"
    assert played(third, {"per_sheet_instruments": {3: "cli", 2: "aider"}})["instrument"] == "cli"
    assert played(third, **backend(timeout_overrides={3: 5, 2: 6}))["timeout_seconds"] == 5
