"""Kubernetes' rules for structural schemas and sound CRDs, said again: each problem by its path."""

from collections.abc import Iterator
from typing import Any

PRESERVES = "x-kubernetes-preserve-unknown-fields"
INT_OR_STRING = "x-kubernetes-int-or-string"
KNOWN = {
    *("type", "description", "properties", "required", "additionalProperties", "items", "default", "enum", "nullable"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "pattern", "minLength", "maxLength"),
    *("minItems", "maxItems", "minProperties", "maxProperties", PRESERVES, INT_OR_STRING),
    *("x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-map-type", "x-kubernetes-validations"),
}
BOUND = {"string": "maxLength", "array": "maxItems"}


def nodes(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every node below this one, and itself, with its path."""
    yield path, schema
    for name, each in schema.get("properties", {}).items():
        yield from nodes(each, f"{path}.{name}".lstrip("."))
    if "items" in schema:
        yield from nodes(schema["items"], f"{path}[]")
    if isinstance(schema.get("additionalProperties"), dict):
        yield from nodes(schema["additionalProperties"], f"{path}.*")


def problems(schema: dict[str, Any]) -> list[str]:
    """What an API server, or its cost estimate, would object to."""
    return [f"{path}: {each}" for path, node in nodes(schema) for each in _problems(node, path)]


def _problems(node: dict[str, Any], path: str) -> Iterator[str]:
    for key in node.keys() - KNOWN:
        yield f"unknown key {key}"
    if "type" not in node and PRESERVES not in node and INT_OR_STRING not in node:
        yield "no type"
    if "properties" in node and "additionalProperties" in node:
        yield "properties beside additionalProperties"
    if isinstance(node.get("additionalProperties"), bool):
        yield "additionalProperties says nothing of the values"
    for bound in ("exclusiveMinimum", "exclusiveMaximum"):
        if not isinstance(node.get(bound, True), bool):
            yield f"{bound} is a number"
    if "default" in node and node["default"] is None:
        yield "default null"
    bound = BOUND.get(node.get("type", ""))
    if bound and bound not in node and "enum" not in node and path not in ("apiVersion", "kind"):
        yield f"no {bound}"
    if node.get("type") == "object" and not {"properties", "maxProperties"} & node.keys() and path != "metadata":
        yield "no maxProperties"
    for key in node.get("required", ()):
        if key not in node.get("properties", {}):
            yield f"requires {key}, which it does not have"
