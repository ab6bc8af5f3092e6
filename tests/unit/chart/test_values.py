"""What of the chart can be checked without helm; the rest is in the API server's lane."""

import json
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
    assert set(CATALOGUE) == {"cli", "scripted-agent"}
    for name, spec in CATALOGUE.items():
        assert name == instrument_object_name(name), "a score could not name it"
        assert InstrumentSpec.model_validate(spec).image == ""
        Profile.model_validate(spec["profile"], extra="forbid")


def test_cli_hands_the_prompt_to_bash_as_it_is() -> None:
    profile = CATALOGUE["cli"]["profile"]
    command = profile["cli"]["command"]
    assert profile["raw_prompt"] is True
    assert (command["executable"], command["prompt_flag"], command["prompt_via_stdin"]) == ("bash", "-c", False)
