"""pydantic's JSON schema to the structural schema that Kubernetes asks of a CRD.

The two differ where it hurts: no `$ref`, no null type, no numeric exclusive bounds, no `additionalProperties` beside
`properties`; every node has a type. What cannot be said is refused by path instead of being left out, because a CRD
that says less than the model accepts what the operator then cannot read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

Schema = dict[str, Any]

ANYTHING: Final = "x-kubernetes-preserve-unknown-fields"
KEPT: Final = ("description", "enum", "pattern", "minimum", "maximum", "minLength", "minItems", "minProperties")
UNSAYABLE: Final = frozenset(
    {"allOf", "oneOf", "not", "prefixItems", "patternProperties", "propertyNames", "uniqueItems", "multipleOf"}
)


class UnstructuralError(ValueError):
    """The model says something that a structural schema cannot; the message begins with the path."""


@dataclass(frozen=True, slots=True)
class Style:
    """How a part of a resource is told.

    `defaults`: scalars other than false are filled in by the API server. `nulls`: null may stand for absence.
    `keep_unknown`: objects keep keys that they do not name. The bounds hold where the model names none.
    """

    defaults: bool = False
    nulls: bool = False
    keep_unknown: bool = False
    max_length: int = 1024
    max_items: int = 100
    max_properties: int = 100


def structural(schema: Mapping[str, Any], style: Style) -> Schema:
    """The schema of one model, as `model_json_schema()` tells it; raises `UnstructuralError`."""
    return _Conversion(schema.get("$defs", {}), style).node(schema, "", ())


class _Conversion:
    def __init__(self, definitions: Mapping[str, Any], style: Style) -> None:
        self._definitions = definitions
        self._style = style

    def node(self, schema: Mapping[str, Any], path: str, within: tuple[str, ...]) -> Schema:
        if "$ref" in schema:
            return self._inlined(schema, path, within)
        if "anyOf" in schema:
            return self._either(schema, path, within)
        if unsayable := UNSAYABLE & schema.keys():
            raise UnstructuralError(f"{path or 'root'}: no structural schema has {', '.join(sorted(unsayable))}")
        made = {key: schema[key] for key in KEPT if key in schema}
        if "const" in schema:
            made["enum"] = [schema["const"]]
        kind = schema.get("type")
        if kind == "object":
            made |= self._object(schema, path, within)
        elif kind == "array":
            made |= self._array(schema, path, within)
        elif kind == "string":
            made |= self._string(schema)
        elif kind in ("integer", "number"):
            made |= _number(schema)
        elif kind == "boolean":
            made["type"] = kind
        elif kind is None and "enum" not in made:
            made[ANYTHING] = True
        else:
            raise UnstructuralError(f"{path or 'root'}: type {kind!r} is not known here")
        return made | self._default(schema)

    def _inlined(self, schema: Mapping[str, Any], path: str, within: tuple[str, ...]) -> Schema:
        name = schema["$ref"].rpartition("/")[2]
        if name in within:
            raise UnstructuralError(f"{path}: {name} contains itself")
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        return self.node({**self._definitions[name], **beside}, path, (*within, name))

    def _either(self, schema: Mapping[str, Any], path: str, within: tuple[str, ...]) -> Schema:
        """Optional, or int-or-string; other unions have no structural form."""
        choices = [choice for choice in schema["anyOf"] if choice.get("type") != "null"]
        beside = {key: value for key, value in schema.items() if key not in ("anyOf", "title")}
        if sorted(str(choice.get("type")) for choice in choices) == ["integer", "string"]:
            made: Schema = {"x-kubernetes-int-or-string": True}
            made |= {key: beside[key] for key in ("description",) if key in beside}
        elif len(choices) == 1:
            made = self.node({**choices[0], **beside}, path, within)
        else:
            raise UnstructuralError(f"{path}: a union of {len(choices)} types; use optional fields and a rule")
        if self._style.nulls and len(choices) < len(schema["anyOf"]):
            made["nullable"] = True
            if "enum" in made:
                made["enum"] = [*made["enum"], None]
        return made

    def _object(self, schema: Mapping[str, Any], path: str, within: tuple[str, ...]) -> Schema:
        made: Schema = {"type": "object"}
        if "properties" in schema:
            made["properties"] = {
                name: self.node(each, f"{path}.{name}".lstrip("."), within)
                for name, each in schema["properties"].items()
            }
            if schema.get("required"):
                made["required"] = list(schema["required"])
            return made | ({ANYTHING: True} if self._style.keep_unknown else {})
        made["maxProperties"] = schema.get("maxProperties", self._style.max_properties)
        values = schema.get("additionalProperties", True)
        if isinstance(values, Mapping) and values:
            made["additionalProperties"] = self.node(values, f"{path}.*", within)
        elif values is not False:
            made[ANYTHING] = True
        return made

    def _array(self, schema: Mapping[str, Any], path: str, within: tuple[str, ...]) -> Schema:
        if "items" not in schema:
            raise UnstructuralError(f"{path}: a list has to say of what")
        return {
            "type": "array",
            "items": self.node(schema["items"], f"{path}[]", within),
            "maxItems": schema.get("maxItems", self._style.max_items),
        }

    def _string(self, schema: Mapping[str, Any]) -> Schema:
        """An enumeration bounds itself."""
        if "enum" in schema or "const" in schema:
            return {"type": "string"}
        return {"type": "string", "maxLength": schema.get("maxLength", self._style.max_length)}

    def _default(self, schema: Mapping[str, Any]) -> Schema:
        """An absent list, map or object and an absent false say the same as the default, and are not spelt out."""
        value = schema.get("default")
        told = self._style.defaults and isinstance(value, bool | int | float | str) and value is not False
        return {"default": value} if told and value != "" else {}


def _number(schema: Mapping[str, Any]) -> Schema:
    made: Schema = {"type": schema["type"]}
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if exclusive in schema:
            made |= {bound: schema[exclusive], exclusive: True}
    return made
