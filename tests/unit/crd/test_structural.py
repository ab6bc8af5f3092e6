from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, create_model

from marianne_operator.crd.structural import ANYTHING, Style, UnstructuralError, structural
from tests.unit.crd.structure import problems

PLAIN = Style(max_length=11, max_items=12, max_properties=13)


class Inner(BaseModel):
    """An inner one."""

    a: int


class Recursive(BaseModel):
    again: "Recursive | None" = None


def field(kind: Any, style: Style = PLAIN, default: Any = ...) -> dict[str, Any]:
    model = create_model("Model", f=(kind, default))
    whole = structural(model.model_json_schema(), style)
    assert problems(whole) == []
    return whole["properties"]["f"]


INNER = {"description": "An inner one.", "type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (bool, {"type": "boolean"}),
        (int, {"type": "integer"}),
        (float, {"type": "number"}),
        (str, {"type": "string", "maxLength": 11}),
        (Annotated[str, Field(max_length=3)], {"type": "string", "maxLength": 3}),
        (
            Annotated[str, Field(min_length=1, pattern="^a$")],
            {"type": "string", "minLength": 1, "pattern": "^a$", "maxLength": 11},
        ),
        (Annotated[int, Field(ge=1, le=3)], {"type": "integer", "minimum": 1, "maximum": 3}),
        (Annotated[float, Field(gt=0)], {"type": "number", "minimum": 0, "exclusiveMinimum": True}),
        (Annotated[float, Field(lt=9)], {"type": "number", "maximum": 9, "exclusiveMaximum": True}),
        (Literal["x"], {"type": "string", "enum": ["x"]}),
        (Literal["x", "y"], {"type": "string", "enum": ["x", "y"]}),
        (list[int], {"type": "array", "items": {"type": "integer"}, "maxItems": 12}),
        (
            Annotated[list[int], Field(min_length=1, max_length=2)],
            {"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 2},
        ),
        (dict[str, int], {"type": "object", "additionalProperties": {"type": "integer"}, "maxProperties": 13}),
        (dict[int, int], {"type": "object", "additionalProperties": {"type": "integer"}, "maxProperties": 13}),
        (dict[str, Any], {"type": "object", ANYTHING: True, "maxProperties": 13}),
        (Annotated[dict[str, Any], Field(max_length=4)], {"type": "object", ANYTHING: True, "maxProperties": 4}),
        (Any, {ANYTHING: True}),
        (int | str, {"x-kubernetes-int-or-string": True}),
        (int | None, {"type": "integer"}),
        (Inner, INNER),
        (Inner | None, INNER),
        (dict[str, Inner], {"type": "object", "additionalProperties": INNER, "maxProperties": 13}),
    ],
    ids=str,
)
def test_each_kind_has_its_form(kind: Any, told: dict[str, Any]) -> None:
    assert field(kind) == told


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (Inner | list[int], "f: a union of 2 types"),
        (tuple[int, str], "f: no structural schema has prefixItems"),
        (set[str], "f: no structural schema has uniqueItems"),
        (dict[Annotated[str, Field(pattern="^a$")], int], "f: no structural schema has patternProperties"),
        (dict[str, dict[str, Inner | list[int]]], r"f\.\*\.\*: a union of 2 types"),
    ],
)
def test_what_has_no_form_is_refused_by_path(kind: Any, said: str) -> None:
    with pytest.raises(UnstructuralError, match=f"^{said}"):
        field(kind)


def test_a_model_that_contains_itself_is_refused() -> None:
    with pytest.raises(UnstructuralError, match="Recursive contains itself"):
        field(Recursive)


def test_null_is_absence_only_where_the_style_says_so() -> None:
    with_nulls = Style(nulls=True, max_length=11)
    assert field(str | None, with_nulls) == {"type": "string", "maxLength": 11, "nullable": True}
    assert field(Literal["x"] | None, with_nulls) == {"type": "string", "enum": ["x", None], "nullable": True}
    assert "nullable" not in field(str, with_nulls)


@pytest.mark.parametrize(
    ("kind", "default", "told"),
    [
        (int, 1, {"default": 1}),
        (str, "Drain", {"default": "Drain"}),
        (bool, True, {"default": True}),
        (bool, False, {}),
        (str, "", {}),
        (int | None, None, {}),
        (list[int], [1], {}),
        (Inner, Inner(a=1), {}),
    ],
)
def test_only_scalars_that_say_something_are_filled_in(kind: Any, default: Any, told: dict[str, Any]) -> None:
    made = field(kind, Style(defaults=True), default)
    assert {key: made[key] for key in made.keys() & {"default"}} == told
    assert "default" not in field(kind, Style(), default)


def test_objects_keep_what_they_do_not_name_only_where_the_style_says_so() -> None:
    assert field(Inner, Style(keep_unknown=True))[ANYTHING] is True
    assert ANYTHING not in field(Inner, Style())
    assert ANYTHING not in field(dict[str, int], Style(keep_unknown=True)), "a map names all of its keys"


def test_an_alias_is_the_name_outside() -> None:
    model = create_model("Model", as_=(Annotated[int, Field(alias="as")], ...))
    assert structural(model.model_json_schema(), PLAIN)["required"] == ["as"]
