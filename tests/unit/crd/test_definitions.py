from typing import Any

import pytest
import yaml

from marianne_operator.crd.__main__ import FOLDERS, TREE, rendered
from marianne_operator.crd.definitions import JOB_COLUMNS, at, definitions, instrument_schema, job_schema
from marianne_operator.crd.structural import ANYTHING
from marianne_operator.model.spec import JobSpec
from marianne_operator.score.fields import Score
from tests.unit.crd.structure import nodes, problems

RULES = "x-kubernetes-validations"


def schema_of(definition: dict[str, Any]) -> dict[str, Any]:
    return definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]


def test_the_files_are_what_the_models_say() -> None:
    files = rendered()
    for folder in FOLDERS:
        there = {path.relative_to(TREE) for path in (TREE / folder).iterdir()}
        assert there == {path for path in files if path.parent == folder}
    stale = [str(path) for path, text in files.items() if (TREE / path).read_text() != text]
    assert stale == [], "run `make crds`"


@pytest.mark.parametrize("definition", definitions(), ids=lambda each: each["spec"]["names"]["kind"])
def test_schemas_are_structural_and_bounded(definition: dict[str, Any]) -> None:
    assert problems(schema_of(definition)) == []


@pytest.mark.parametrize("definition", definitions(), ids=lambda each: each["spec"]["names"]["kind"])
def test_a_file_reads_as_what_was_meant(definition: dict[str, Any]) -> None:
    name = f"marianne.dev_{definition['spec']['names']['plural']}.yaml"
    text = (TREE / "crds" / name).read_text()
    assert yaml.safe_load(text) == definition
    assert "&id" not in text, "a YAML anchor"


def test_there_are_few_rules_and_none_inside_the_score() -> None:
    ruled = {path: node[RULES] for path, node in nodes(job_schema()) if RULES in node}
    assert sum(map(len, ruled.values())) <= 10
    assert not [path for path in ruled if path.startswith("spec.score.")]
    assert not [
        rule for path, of in ruled.items() if path.startswith("spec") for rule in of if "oldSelf" in rule["rule"]
    ]


def test_the_score_is_whole_and_free_of_defaults() -> None:
    score = at(job_schema(), "spec.score")
    assert set(score["properties"]) == set(Score.model_fields)
    below = dict(nodes(score))
    assert not [path for path, node in below.items() if "default" in node]
    objects = {path: node for path, node in below.items() if "properties" in node}
    assert len(objects) > 30
    assert not [path for path, node in objects.items() if node.get(ANYTHING) is not True]
    assert below["sheet.cadenzas.*[].as"]["enum"] == ["context", "skill", "tool"]


def test_outside_of_the_score_unknown_fields_are_not_kept() -> None:
    kept = {path for path, node in nodes(job_schema()) if ANYTHING in node and not path.startswith("spec.score")}
    template = "spec.sheetTemplate"
    assert kept == {f"{template}.{free}" for free in ("resources", "env[]", "envFrom[]", "tolerations[]", "affinity")}


def test_only_the_status_as_a_whole_has_a_default_there() -> None:
    schema = job_schema()
    assert at(schema, "status")["default"] == {"observedGeneration": -1}
    assert [path for path, node in nodes(at(schema, "status")) if "default" in node] == [""]


def test_the_api_server_fills_in_what_the_model_would() -> None:
    spec = at(job_schema(), "spec")
    filled = {name: node["default"] for name, node in spec["properties"].items() if "default" in node}
    assert JobSpec.model_validate(filled) == JobSpec()
    assert set(filled) >= {"startSheet", "pausePolicy", "cancelPolicy", "podRetention", "nodeLostPolicy"}


def test_sheets_are_a_map_of_atoms() -> None:
    schema = job_schema()
    sheets = at(schema, "status.sheets")
    assert sheets["x-kubernetes-list-map-keys"] == ["num"] and sheets["maxItems"] == 500
    assert sheets["items"]["x-kubernetes-map-type"] == "atomic"
    assert set(sheets["items"]["required"]) == {"num", "state", "attempt"}
    assert at(schema, "status.conditions")["x-kubernetes-list-map-keys"] == ["type"]
    assert at(schema, "spec.files")["x-kubernetes-list-map-keys"] == ["path"]
    assert at(schema, "status.sheets[].validationDetails[]")["properties"]["passed"] == {"type": "boolean"}


@pytest.mark.parametrize("definition", definitions(), ids=lambda each: each["spec"]["names"]["kind"])
def test_columns_show_fields_that_there_are(definition: dict[str, Any]) -> None:
    for column in definition["spec"]["versions"][0]["additionalPrinterColumns"]:
        path = column["jsonPath"].partition("[?")[0].lstrip(".").replace("[*]", "[]")
        if not path.startswith("metadata"):
            assert at(schema_of(definition), path)


def test_the_columns_of_a_narrow_terminal() -> None:
    assert [name for name, _, _, priority in JOB_COLUMNS if not priority] == ["Phase", "Progress", "Waiting", "Age"]


@pytest.mark.parametrize(("schema", "without"), [(job_schema(), "spec.score."), (instrument_schema(), "spec.profile.")])
def test_every_field_of_a_spec_is_explained(schema: dict[str, Any], without: str) -> None:
    silent = [
        path
        for path, node in nodes(schema)
        if path.startswith("spec")
        and not path.startswith(without)
        and path[-1] not in "]*"
        and "description" not in node
    ]
    references = ("KeyRef.name", "KeyRef.key")
    assert [path for path in silent if not path.endswith(references)] == []


def test_explanations_are_short() -> None:
    long = [path for path, node in nodes(job_schema()) if len(node.get("description", "")) > 160]
    assert long == []


def test_names() -> None:
    jobs, instruments, cluster = (each["spec"] for each in definitions())
    assert jobs["names"]["shortNames"] == ["mj"] and jobs["versions"][0]["subresources"] == {"status": {}}
    assert [each["scope"] for each in (jobs, instruments, cluster)] == ["Namespaced", "Namespaced", "Cluster"]
    assert all(each["names"]["categories"] == ["marianne"] for each in (jobs, instruments, cluster))
