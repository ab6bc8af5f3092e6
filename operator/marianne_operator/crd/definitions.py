"""The three custom resource definitions: schemas from the models, with what only Kubernetes asks laid over them."""

import re
from collections.abc import Mapping
from typing import Any, Final, get_type_hints

from pydantic import create_model

from marianne_operator.crd import descriptions, rules
from marianne_operator.crd.profile import Profile
from marianne_operator.crd.structural import Schema, Style, structural
from marianne_operator.model.instrument import ClusterInstrumentStatus, InstrumentSpec, InstrumentStatus
from marianne_operator.model.spec import JobSpec
from marianne_operator.model.status import JobStatus
from marianne_operator.score.fields import Score
from marianne_runner.contract import Check

GROUP: Final = "marianne.dev"
VERSION: Final = "v1alpha1"

SPEC: Final = Style(defaults=True)
STATUS: Final = Style()
"""No defaults: a hundred pending sheets are to cost a hundred times three keys."""
SCORE: Final = Style(nulls=True, keep_unknown=True, max_length=524288, max_items=1000, max_properties=1000)
"""The loader names a misspelt key by its path; a schema that drops unknown keys would leave it nothing to name."""
PROFILE: Final = Style()

JOB_COLUMNS: Final = (
    ("Phase", "string", ".status.phase", 0),
    ("Progress", "string", ".status.progress", 0),
    ("Waiting", "string", ".status.waiting.reason", 0),
    ("Cost", "string", ".status.cost", 1),
    ("Score", "string", ".status.score.name", 1),
    ("Run", "integer", ".status.run", 1),
    ("Retries", "integer", ".status.totalRetries", 1),
    ("Until", "string", ".status.waiting.until", 1),
    ("Created", "string", ".metadata.creationTimestamp", 1),
    ("Started", "string", ".status.startTime", 1),
    ("Finished", "string", ".status.completionTime", 1),
    ("Message", "string", '.status.conditions[?(@.type=="Succeeded")].message', 1),
    ("Namespace", "string", ".metadata.namespace", 1),
    ("UID", "string", ".metadata.uid", 1),
    ("Age", "date", ".metadata.creationTimestamp", 0),
)
"""All that a list shows, for a list of columns costs a hundredth of a list of objects. Times as strings: a `date`'s
cell is relative to when it was read."""
_PLAYED: Final = (
    ("Executable", "string", ".spec.profile.cli.command.executable", 0),
    ("Server", "string", ".spec.profile.http.base_url", 0),
    ("Image", "string", ".spec.image", 0),
)
_AGE: Final = ("Age", "date", ".metadata.creationTimestamp", 0)
INSTRUMENT_COLUMNS: Final = (
    (*_PLAYED, ("Limited", "string", ".status.limitedUntil", 0), _AGE),
    (*_PLAYED, ("Limited", "string", ".status.limits[*].namespace", 0), _AGE),
)
"""Of an Instrument, and of a ClusterInstrument."""

Column = tuple[str, str, str, int]


def definitions() -> list[Schema]:
    """Every CRD, in the order in which they are read best."""
    own, shared = instrument_schema(), instrument_schema(ClusterInstrumentStatus)
    return [
        _definition("MarianneJob", "Namespaced", job_schema(), JOB_COLUMNS, short_names=["mj"], status=True),
        _definition("Instrument", "Namespaced", own, INSTRUMENT_COLUMNS[0], status=True),
        _definition("ClusterInstrument", "Cluster", shared, INSTRUMENT_COLUMNS[1], status=True),
    ]


def job_schema() -> Schema:
    """The schema of a MarianneJob."""
    spec = structural(JobSpec.model_json_schema(), SPEC)
    spec["properties"]["score"] = structural(Score.model_json_schema(), SCORE)
    status = structural(JobStatus.model_json_schema(), STATUS)
    status["default"] = {"observedGeneration": -1}
    root = _root("A score to be performed: every attempt of a sheet is a Pod, its state is in status.", spec, status)
    at(root, "spec.files").update(_keyed("path"))
    at(root, "spec.approve").update(_keyed("sheet"))
    at(root, "status.conditions").update(_keyed("type"))
    at(root, "status.instruments").update(_keyed("instrument"))
    at(root, "status.sheets").update(_keyed("num"))
    sheet = at(root, "status.sheets[]")
    sheet["x-kubernetes-map-type"] = "atomic"  # else managedFields doubles the object
    sheet["required"] = [*sheet["required"], "attempt"]  # the rules read it
    at(root, "status.sheets[].validationDetails")["items"] = _check_schema()
    return _described(_ruled(root, rules.JOB), descriptions.JOB)


def instrument_schema(of: type[InstrumentStatus | ClusterInstrumentStatus] = InstrumentStatus) -> Schema:
    """The schema of an Instrument or of a ClusterInstrument, which differ in their status."""
    spec = structural(InstrumentSpec.model_json_schema(), SPEC)
    spec["properties"]["profile"] = structural(Profile.model_json_schema(), PROFILE)
    status = structural(of.model_json_schema(), STATUS)
    root = _root("A program that performs sheets, wrapped as a resource.", spec, status)
    at(root, "spec.credentials").update(_keyed("name"))
    told = descriptions.CLUSTER_INSTRUMENT_STATUS if of is ClusterInstrumentStatus else descriptions.INSTRUMENT_STATUS
    return _described(_ruled(root, rules.INSTRUMENT), descriptions.INSTRUMENT | told)


def at(schema: Schema, path: str) -> Schema:
    """The node at `spec.files[].path`; raises `KeyError` where there is none."""
    node = schema
    for name in re.findall(r"[^.\[\]]+|\[\]", path):
        node = node["items"] if name == "[]" else node["properties"][name]
    return node


def _check_schema() -> Schema:
    """Typed by the runner's contract, so that `kubectl explain` knows its keys and each of them is bounded."""
    hints = {name: hint for name, hint in get_type_hints(Check).items() if name != "confidence_factors"}
    fields: Any = {
        name: (hint, ...) if name in Check.__required_keys__ else (hint | None, None) for name, hint in hints.items()
    }
    return structural(create_model("Check", **fields).model_json_schema(), STATUS)


def _root(description: str, spec: Schema, status: Schema | None = None) -> Schema:
    properties: Schema = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}}
    properties["spec"] = spec
    if status is not None:
        properties["status"] = status
    return {"type": "object", "description": description, "required": ["spec"], "properties": properties}


def _keyed(key: str) -> Schema:
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key]}


def _ruled(schema: Schema, by_path: Mapping[str, list[rules.Rule]]) -> Schema:
    for path, of_node in by_path.items():
        at(schema, path)["x-kubernetes-validations"] = [dict(rule) for rule in of_node]
    return schema


def _described(schema: Schema, by_path: Mapping[str, str]) -> Schema:
    for path, text in by_path.items():
        at(schema, path)["description"] = text
    return schema


def _definition(
    kind: str,
    scope: str,
    schema: Schema,
    columns: tuple[Column, ...],
    *,
    short_names: list[str] | None = None,
    status: bool = False,
) -> Schema:
    plural = f"{kind.lower()}s"
    names: Schema = {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": kind.lower()}
    names |= {"shortNames": short_names} if short_names else {}
    version: Schema = {"name": VERSION, "served": True, "storage": True}
    version |= {"subresources": {"status": {}}} if status else {}
    version["additionalPrinterColumns"] = [_column(*each) for each in columns]
    version["schema"] = {"openAPIV3Schema": schema}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {"group": GROUP, "scope": scope, "names": names | {"categories": ["marianne"]}, "versions": [version]},
    }


def _column(name: str, kind: str, path: str, priority: int) -> dict[str, Any]:
    column: dict[str, Any] = {"name": name, "type": kind, "jsonPath": path}
    return column | ({"priority": priority} if priority else {})
