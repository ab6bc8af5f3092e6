"""Nodes, edges and levels of a compiled score."""

import json
from typing import Any

import pytest

from marianne_api.read.compiled import read_compiled
from marianne_api.read.graph import graph, levels, movement_of
from marianne_api.read.models import JobGraph
from marianne_operator.score.compile import compile_source

DIAMOND = {2: [1], 3: [1], 4: [2, 3]}


def compiled(dependencies: dict[int, list[int]] | None = None, **fields: Any) -> dict[str, Any]:
    sheet = {"size": 1, "total_items": 4, **({"dependencies": dependencies} if dependencies else {}), **fields}
    score = {"name": "song", "instrument": "cli", "sheet": sheet, "prompt": {"template": "true"}}
    return dict(compile_source(score))


def test_a_diamond_has_three_levels_and_every_edge() -> None:
    drawn = graph(compiled(DIAMOND), [{"num": 1, "state": "completed"}])
    assert drawn["levels"] == [[1], [2, 3], [4]]
    assert [(edge["from_sheet"], edge["to_sheet"]) for edge in drawn["edges"]] == [(1, 2), (1, 3), (2, 4), (3, 4)]
    assert [(node["sheet_num"], node["status"], node["level"]) for node in drawn["nodes"]] == [
        (1, "completed", 0),
        (2, "pending", 1),
        (3, "pending", 1),
        (4, "pending", 2),
    ]
    JobGraph.model_validate({"job_id": "team.song", **drawn})


def test_without_dependencies_the_sheets_follow_each_other() -> None:
    drawn = graph(compiled(), [])
    assert drawn["levels"] == [[1], [2], [3], [4]]
    assert len(drawn["edges"]) == 3


def test_a_level_is_the_longest_way_and_numbers_may_need_higher_ones() -> None:
    assert levels({1: [3], 2: [], 3: [2], 4: [1, 2]}) == {1: 2, 2: 0, 3: 1, 4: 3}


@pytest.mark.parametrize("needs", [{1: [1]}, {1: [2], 2: [1]}, {1: [7]}, {1: [], 2: [3], 3: [4], 4: [2]}])
def test_what_no_score_compiles_to_is_refused_and_not_walked_for_ever(needs: dict[int, list[int]]) -> None:
    with pytest.raises(ValueError, match=r"cycle|not there"):
        levels(needs)


def test_what_the_conductor_compiled_is_read_whole() -> None:
    whole = compiled(DIAMOND, descriptions={2: "verse"})
    assert graph(read_compiled(json.dumps(whole)), []) == graph(whole, [])


@pytest.mark.parametrize(
    ("field", "value"),
    [("sheets", [{}]), ("sheets", None), ("sheets", "x"), ("performers", []), ("performers", [3]), ("stage_names", 7)],
)
def test_what_somebody_else_put_in_its_place_is_refused(field: str, value: object) -> None:
    with pytest.raises(ValueError):
        read_compiled(json.dumps({**compiled(), field: value}))
    for text in ("", "[]", "{", "null"):
        with pytest.raises(ValueError):
            read_compiled(text)


def test_a_fan_is_one_movement() -> None:
    fan = compiled({2: [1], 3: [2]}, total_items=3, fan_out={2: 3})
    assert movement_of(fan, 2) == {2, 3, 4}
    drawn = graph(fan, [])
    assert drawn["levels"] == [[1], [2, 3, 4], [5]]
    assert [(node["movement"], node["voice"], node["voice_count"]) for node in drawn["nodes"]][1:4] == [
        (2, 1, 3),
        (2, 2, 3),
        (2, 3, 3),
    ]
    assert {node["instrument"] for node in drawn["nodes"]} == {"cli"}


def test_a_chain_of_ten_thousand_needs_no_recursion() -> None:
    assert levels({num: [num - 1] if num > 1 else [] for num in range(10_000, 0, -1)})[10_000] == 9_999
