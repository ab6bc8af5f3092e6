"""What of the chart can be checked without helm; the rest is in the API server's lane."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from marianne_operator.crd.profile import Profile
from marianne_operator.model.instrument import InstrumentSpec
from marianne_operator.model.names import instrument_object_name

CHART = Path(__file__).parents[3] / "charts" / "marianne-operator"
VALUES = yaml.safe_load((CHART / "values.yaml").read_text())
SCHEMA = json.loads((CHART / "values.schema.json").read_text())
CATALOGUE = yaml.safe_load((CHART / "files" / "instruments.yaml").read_text())
OF_HELM = {"global"}
NAMES = (
    *("aider", "anthropic-api", "claude-cli", "claude-code", "cli", "cline-cli", "codex-cli", "crush", "gemini-cli"),
    *("goose", "ollama", "opencode", "recursive-light", "scripted-agent"),
)
"""As in semantics §7.6, and our own."""


def unlike(values: dict[str, Any], schema: dict[str, Any], path: str = "") -> Iterator[str]:
    """Values without a schema, and the other way round; where keys are free there is nothing to compare."""
    if "properties" not in schema:
        return
    assert schema["additionalProperties"] is False, f"{path}: a misspelt value would pass"
    for key in values.keys() ^ schema["properties"].keys() - OF_HELM:
        yield f"{path}.{key}"
    for key in values.keys() & schema["properties"].keys():
        if isinstance(values[key], dict):
            yield from unlike(values[key], schema["properties"][key], f"{path}.{key}")


def test_every_value_has_a_default_and_a_schema() -> None:
    assert list(unlike(VALUES, SCHEMA)) == []


def test_the_catalogue_holds_instruments() -> None:
    assert set(CATALOGUE) == set(NAMES)
    for name, spec in CATALOGUE.items():
        assert name == instrument_object_name(name), "a score could not name it"
        assert InstrumentSpec.model_validate(spec).image == ""
        Profile.model_validate(spec["profile"], extra="forbid")


def test_cli_hands_the_prompt_to_bash_as_it_is() -> None:
    profile = CATALOGUE["cli"]["profile"]
    command = profile["cli"]["command"]
    assert profile["raw_prompt"] is True
    assert (command["executable"], command["prompt_flag"], command["prompt_via_stdin"]) == ("bash", "-c", False)


def test_which_instruments_need_an_image_of_their_own() -> None:
    without = {name for name, spec in CATALOGUE.items() if InstrumentSpec.model_validate(spec).needs_no_image}
    assert without == {"anthropic-api", "cli", "ollama", "recursive-light"}


def test_a_program_gets_the_credential_that_it_is_given() -> None:
    """`required_env` must let it through, and a server's key is the one that it is asked with."""
    for name, spec in CATALOGUE.items():
        given = {each["name"] for each in spec.get("credentials", [])}
        profile = spec["profile"]
        if profile["kind"] == "http":
            assert given == {profile["http"].get("auth_env_var")} - {None}, name
        else:
            assert given <= set(profile["cli"]["command"].get("required_env") or given), name


def test_the_patterns_are_regular_expressions() -> None:
    for spec in CATALOGUE.values():
        for name, patterns in spec["profile"].get("cli", {}).get("errors", {}).items():
            if name.endswith("_patterns"):
                assert [re.compile(pattern) for pattern in patterns]
