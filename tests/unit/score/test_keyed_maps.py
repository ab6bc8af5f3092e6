"""Which sheets a map of the score speaks of: stages before the fan-out, or concrete sheets (semantics §4.3)."""

import pytest

from marianne_operator.score.compile import compile_source
from marianne_runner.contract import CompiledScore
from tests.unit.score.given import nested, sheets, tree

FANNED = {"sheet": {"fan_out": {2: 2}}}
VOICED = {"movements": {2: {"voices": 2}}}
EXPANDED_BEFORE = {
    "sheet": {
        "total_items": 4,
        "fan_out_stage_map": {
            1: {"stage": 1, "instance": 1, "fan_count": 1},
            2: {"stage": 2, "instance": 1, "fan_count": 2},
            3: {"stage": 2, "instance": 2, "fan_count": 2},
            4: {"stage": 3, "instance": 1, "fan_count": 1},
        },
    }
}
"""The same four sheets, as Marianne writes an expanded score out."""

STAGE_1, STAGE_2, STAGE_3 = {1}, {2, 3}, {4}
OTHER = {"instrument": "cli"}
CONTEXT = [{"file": "a", "as": "context"}]


def compiled(shape, path, value) -> CompiledScore:
    fields = nested(path, value)
    sheet = sheets() | shape.get("sheet", {}) | fields.pop("sheet", {})
    movements = shape.get("movements", {}) | fields.pop("movements", {})
    return compile_source(tree(sheet=sheet, movements=movements, **fields))


def performed_otherwise(made):
    usual = made["performers"][made["sheets"][0]["performer"]]
    return {each["num"] for each in made["sheets"] if made["performers"][each["performer"]] != usual}


def keys(*path):
    def of(made):
        for name in path:
            made = made[name]
        return {int(num) for num in made}

    return of


@pytest.mark.parametrize("shape", [FANNED, VOICED])
@pytest.mark.parametrize(
    ("path", "value", "spoken_of", "expected"),
    [
        ("sheet.skip_when", {2: "True"}, keys("skip_when"), STAGE_2),
        ("sheet.skip_when", {3: "True"}, keys("skip_when"), STAGE_3),
        ("sheet.skip_when", {4: "True"}, keys("skip_when"), set()),
        ("sheet.skip_when_command", {2: {"command": "true"}}, keys("skip_when_command"), STAGE_2),
        ("sheet.descriptions", {3: "x"}, keys("descriptions"), {3}),
        ("sheet.cadenzas", {3: CONTEXT}, keys("prompt", "cadenzas"), {3}),
        ("sheet.prompt_extensions", {3: ["x"]}, keys("prompt", "sheet_extensions"), {3}),
        ("sheet.spec_tags", {3: ["x"]}, keys("prompt", "fragment_tags"), {3}),
        ("sheet.per_sheet_instruments", {3: "cli"}, performed_otherwise, {3}),
        ("sheet.instrument_map", {"cli": [3, 4]}, performed_otherwise, {3, 4}),
        ("sheet.per_sheet_instrument_config", {3: {"model": "x"}}, performed_otherwise, {3}),
        ("backend.timeout_overrides", {3: 5}, performed_otherwise, {3}),
        ("backend.sheet_overrides", {3: {"timeout_seconds": 5}}, performed_otherwise, {3}),
        ("movements", {3: OTHER}, performed_otherwise, STAGE_3),
    ],
)
def test_of_a_fan_out(shape, path, value, spoken_of, expected):
    assert spoken_of(compiled(shape, path, value)) == expected


def test_a_movement_is_a_stage():
    movements = {2: {"voices": 2, "instrument": "cli", "name": "the middle"}}
    made = compile_source(tree(movements=movements))
    assert performed_otherwise(made) == STAGE_2
    assert made["stage_names"] == {"2": "the middle"}


@pytest.mark.parametrize(
    ("path", "value", "spoken_of", "expected"),
    [
        ("sheet.skip_when", {2: "True"}, keys("skip_when"), {2}),
        ("sheet.skip_when", {4: "True"}, keys("skip_when"), {4}),
        ("sheet.skip_when_command", {3: {"command": "true"}}, keys("skip_when_command"), {3}),
        ("sheet.per_sheet_instruments", {3: "cli"}, performed_otherwise, {3}),
        ("movements", {2: OTHER}, performed_otherwise, STAGE_2),
    ],
)
def test_of_a_score_that_was_expanded_before(path, value, spoken_of, expected):
    assert spoken_of(compiled(EXPANDED_BEFORE, path, value)) == expected


@pytest.mark.parametrize(("shape", "total"), [(FANNED, 4), (VOICED, 4), (EXPANDED_BEFORE, 4)])
def test_the_three_ways_to_write_it_make_the_same_sheets(shape, total):
    made = compiled(shape, "description", "x")
    assert (made["total_sheets"], made["total_stages"]) == (total, 3)
    assert [(each["stage"], each["instance"], each["fan_count"]) for each in made["sheets"]] == [
        (1, 1, 1),
        (2, 1, 2),
        (2, 2, 2),
        (3, 1, 1),
    ]
    assert [(each["start_item"], each["end_item"]) for each in made["sheets"]] == [(1, 1), (2, 2), (3, 3), (4, 4)]
