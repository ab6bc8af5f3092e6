"""The `backend` block speaks for its own instrument, and for no other."""

import pytest

from marianne_operator.score.effects import without_effect
from marianne_operator.score.expansion import Place
from marianne_operator.score.instruments import performer
from tests.unit.score.given import score, sheets

SECOND = Place(2, 2)


def played(backend, sheet=None, **fields):
    return performer(score(sheet=sheets(**(sheet or {})), backend=backend, **fields), SECOND)


@pytest.mark.parametrize(
    ("backend", "config"),
    [
        ({}, {}),
        ({"cli_model": "opus"}, {"model": "opus"}),
        ({"cli_model": "opus", "model": "sonnet", "max_tokens": 5}, {"model": "opus"}),
        ({"allowed_tools": [], "cli_extra_args": ["-x"]}, {"allowed_tools": [], "cli_extra_args": ["-x"]}),
        (
            {"type": "anthropic_api", "model": "m", "max_tokens": 5, "temperature": 0.0, "cli_model": "x"},
            {"model": "m", "max_tokens": 5, "temperature": 0.0},
        ),
        ({"type": "anthropic_api", "temperature": 0.7}, {}),
        (
            {"type": "ollama", "ollama": {"model": "m", "num_ctx": 4096, "keep_alive": "1m", "base_url": "http://x"}},
            {"model": "m", "num_ctx": 4096, "keep_alive": "1m"},
        ),
        ({"type": "other", "model": "m", "cli_model": "m"}, {}),
        ({"sheet_overrides": {2: {"cli_model": "haiku"}}}, {"model": "haiku"}),
        ({"sheet_overrides": {1: {"cli_model": "haiku"}}}, {}),
        ({"sheet_overrides": {2: {"model": "haiku"}}}, {}),
        ({"cli_model": "opus", "sheet_overrides": {2: {"cli_model": "haiku"}}}, {"model": "haiku"}),
        (
            {"type": "anthropic_api", "sheet_overrides": {2: {"model": "m", "temperature": 0.0, "max_tokens": 1}}},
            {"model": "m", "temperature": 0.0, "max_tokens": 1},
        ),
    ],
)
def test_each_type_takes_its_own_words(backend, config):
    made = played(backend)
    assert made.get("config", {}) == config
    assert made.get("model") == config.get("model")


def test_the_servers_own_timeout_counts_for_its_sheets():
    backend = {"type": "ollama", "ollama": {"timeout_seconds": 5}}
    assert played(backend)["timeout_seconds"] == 5
    assert played(backend | {"timeout_overrides": {2: 6}})["timeout_seconds"] == 6
    assert "timeout_seconds" not in played(backend | {"type": "anthropic_api"})


@pytest.mark.parametrize(
    ("fields", "sheet"),
    [
        ({"instrument": "aider"}, {}),
        ({"movements": {2: {"instrument": "aider"}}}, {}),
        ({}, {"per_sheet_instruments": {2: "aider"}}),
        ({}, {"instrument_map": {"aider": [2]}}),
    ],
)
def test_another_instrument_hears_nothing_of_it(fields, sheet):
    backend = {"cli_model": "opus", "sheet_overrides": {2: {"cli_model": "haiku"}}}
    assert played(backend, sheet, **fields) == {"instrument": "aider"}


def test_the_configuration_overrides_the_block_and_a_sheets_word_both():
    backend = {"cli_model": "of-block"}
    assert played(backend, instrument_config={"model": "of-score"})["model"] == "of-score"
    backend |= {"sheet_overrides": {2: {"cli_model": "of-sheet"}}}
    assert played(backend, instrument_config={"model": "of-score"})["model"] == "of-sheet"


def test_an_alias_may_have_the_types_name():
    aliases = {"claude_cli": {"profile": "claude-code", "config": {"b": 1}}}
    made = played({"cli_model": "opus"}, instruments=aliases)
    assert made == {"instrument": "claude-code", "model": "opus", "config": {"model": "opus", "b": 1}}


@pytest.mark.parametrize(
    ("backend", "fields", "told"),
    [
        ({"cli_model": "a"}, {}, []),
        ({"cli_model": "a"}, {"instrument": "aider"}, ["backend.cli_model"]),
        ({"model": "a", "max_tokens": 1}, {}, ["backend.model", "backend.max_tokens"]),
        ({"type": "anthropic_api", "model": "a", "max_tokens": 1, "temperature": 0.1}, {}, []),
        ({"type": "anthropic_api", "allowed_tools": ["a"]}, {}, ["backend.allowed_tools"]),
        ({"type": "ollama", "ollama": {"model": "a", "timeout_seconds": 1}}, {}, []),
        ({"ollama": {"model": "a"}}, {}, ["backend.ollama.model"]),
        ({"sheet_overrides": {1: {"cli_model": "a"}}}, {}, []),
        ({"sheet_overrides": {1: {"timeout_seconds": 1}}}, {"instrument": "aider"}, []),
        (
            {"sheet_overrides": {1: {"model": "a"}, 2: {"model": "b", "temperature": 0.1}}},
            {},
            ["backend.sheet_overrides.1.model", "backend.sheet_overrides.2.temperature"],
        ),
    ],
)
def test_what_is_written_for_nobody_is_told(backend, fields, told):
    assert without_effect(score(backend=backend, **fields)) == told
