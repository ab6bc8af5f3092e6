"""Stages to sheets: numbers, items, dependencies, and what is refused on the way."""

import pytest

from marianne_operator.score.expansion import MAX_EDGES, MAX_SHEETS, Place, dependencies, items, places
from marianne_operator.score.refused import ScoreRefusedError
from tests.unit.score.given import score, sheets


def of(total=3, movements=None, **fields):
    return score(sheet=sheets(total, **fields), movements=movements or {})


def expanded(read):
    return dependencies(read, places(read))


def fanned(counts):
    made = [(stage, n, count) for stage, count in enumerate(counts, 1) for n in range(1, count + 1)]
    return tuple(Place(num, *cell) for num, cell in enumerate(made, 1))


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        (of(3), fanned([1, 1, 1])),
        (of(3, fan_out={2: 3}), fanned([1, 3, 1])),
        (of(2, fan_out={1: 2, 2: 1}), fanned([2, 1])),
        (of(10, size=4), fanned([1, 1, 1])),
        (of(3, movements={2: {"voices": 2}}), fanned([1, 2, 1])),
        (of(3, movements={2: {"voices": 2}, 3: {"voices": 1}}, fan_out={2: 4, 1: 2}), fanned([2, 4, 1])),
        (of(3, movements={2: {"voices": 2}}, fan_out={2: 1}), fanned([1, 1, 1])),
        (of(5, size=2, movements={2: {"voices": 1}}), fanned([1, 1, 1])),
    ],
)
def test_places(read, expected):
    assert places(read) == expected


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        (of(10, size=4), [(1, 4), (5, 8), (9, 10)]),
        (of(10, size=4, start_item=3), [(3, 6), (7, 10)]),
        (of(10, size=10, start_item=10), [(10, 10)]),
        (of(1, size=500), [(1, 1)]),
        (of(3), [(1, 1), (2, 2), (3, 3)]),
        (of(2, fan_out={1: 3}), [(1, 1), (2, 2), (3, 3), (4, 4)]),
        (of(2, fan_out={2: 2}), [(1, 1), (2, 2), (3, 3)]),
    ],
)
def test_items(read, expected):
    made = places(read)
    assert [items(read, place, len(made)) for place in made] == expected


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        (of(3), {}),
        (of(3, dependencies={2: [1], 3: [1, 2]}), {2: [1], 3: [1, 2]}),
        (of(3, dependencies={3: [2, 1, 2]}), {3: [2, 1]}),
        (of(3, dependencies={3: []}), {}),
        (of(2, fan_out={2: 3}, dependencies={2: [1]}), {2: [1], 3: [1], 4: [1]}),
        (of(2, fan_out={1: 3}, dependencies={2: [1]}), {4: [1, 2, 3]}),
        (of(2, fan_out={1: 2, 2: 2}, dependencies={2: [1]}), {3: [1], 4: [2]}),
        (of(2, fan_out={1: 2, 2: 3}, dependencies={2: [1]}), {3: [1, 2], 4: [1, 2], 5: [1, 2]}),
        (of(3, fan_out={1: 2, 2: 2}, dependencies={3: [2, 1], 2: [1]}), {5: [3, 4, 1, 2], 3: [1], 4: [2]}),
        (of(6, size=2, dependencies={3: [1]}), {3: [1]}),
        (of(2, movements={1: {"voices": 2}}, dependencies={2: [1]}), {3: [1, 2]}),
    ],
)
def test_dependencies(read, expected):
    assert expanded(read) == expected


STAGES = {1: (1, 1, 1), 2: (2, 1, 2), 3: (2, 2, 2), 4: (3, 1, 1)}
WRITTEN_OUT = {
    num: {"stage": stage, "instance": instance, "fan_count": count} for num, (stage, instance, count) in STAGES.items()
}


def test_a_score_that_was_expanded_and_written_out_is_not_expanded_again():
    fields = {"fan_out_stage_map": WRITTEN_OUT, "dependencies": {2: [1], 3: [1], 4: [2, 3]}}
    read = of(4, movements={2: {"voices": 2}}, **fields)
    assert places(read) == tuple(Place(num, *stage) for num, stage in STAGES.items())
    assert expanded(read) == fields["dependencies"]
    assert [items(read, place, 4) for place in places(read)] == [(1, 1), (2, 2), (3, 3), (4, 4)]


def test_a_sheet_that_the_map_leaves_out_is_a_stage_of_its_own():
    assert places(of(2, fan_out_stage_map={2: WRITTEN_OUT[2]})) == (Place(1, 1), Place(2, 2, 1, 2))


@pytest.mark.parametrize(
    ("read", "words"),
    [
        (of(3, dependencies={4: [1]}), "sheet.dependencies.4: 4 is none of this score's stages (1..3)"),
        (of(3, dependencies={2: [9]}), "sheet.dependencies.2: 9 is none of this score's stages"),
        (of(3, dependencies={2: [0]}), "sheet.dependencies.2: 0 is none"),
        (of(3, dependencies={-1: [1]}), "sheet.dependencies.-1: -1 is none"),
        (of(2, fan_out={1: 3}, dependencies={4: [1]}), "sheet.dependencies.4: 4 is none of this score's stages (1..2)"),
        (of(3, dependencies={2: [2]}), "sheet.dependencies.2: it depends on itself"),
        (of(6, size=3, dependencies={3: [1]}), "sheet.dependencies.3: 3 is none of this score's stages (1..2)"),
        (of(2, fan_out_stage_map={1: {"stage": 1}}), "sheet.fan_out_stage_map.1: 'instance' is missing"),
        (of(3, movements={4: {"voices": 2}}), "movements.4.voices: the score has no such stage (1..3)"),
        (of(3, size=2, movements={1: {"voices": 2}}), "movements.1.voices: needs sheet.size: 1"),
        (of(3, start_item=2, movements={1: {"voices": 2}}), "movements.1.voices: needs sheet.size: 1"),
    ],
)
def test_refused(read, words):
    with pytest.raises(ScoreRefusedError) as refused:
        expanded(read)
    assert refused.value.reason == "ScoreInvalid"
    assert refused.value.message.startswith(words)


@pytest.mark.parametrize(
    ("read", "stages"),
    [
        (of(2, dependencies={1: [2], 2: [1]}), {1, 2}),
        (of(5, dependencies={1: [5], 3: [1], 5: [3], 2: [1], 4: [2]}), {1, 3, 5}),
        (of(3, fan_out={1: 3, 2: 3}, dependencies={1: [2], 2: [1], 3: [2]}), {1, 2}),
    ],
)
def test_a_cycle_is_named_in_the_authors_stages(read, stages):
    with pytest.raises(ScoreRefusedError, match=r"^sheet\.dependencies: .* is a cycle; break it$") as refused:
        expanded(read)
    named = [int(each) for each in refused.value.message.split(": ")[1].split(" is ")[0].split(" -> ")]
    assert set(named) == stages
    assert named[0] == named[-1]


@pytest.mark.parametrize(
    ("read", "total"),
    [
        (of(MAX_SHEETS + 1), MAX_SHEETS + 1),
        (of(10**15), 10**15),
        (of(10**15 + 1, size=10**9), 10**6 + 1),
        (of(MAX_SHEETS, fan_out={7: 2}), MAX_SHEETS + 1),
        (of(2, fan_out={2: 10**9}), 10**9 + 1),
        (of(2, movements={2: {"voices": 10**9}}), 10**9 + 1),
    ],
)
def test_too_many_sheets_are_counted_before_any_is_made(read, total):
    with pytest.raises(ScoreRefusedError, match=f"^sheet: {total} sheets; at most {MAX_SHEETS}$") as refused:
        places(read)
    assert refused.value.reason == "ScoreTooLarge"


def test_the_largest_score():
    assert len(places(of(MAX_SHEETS))) == MAX_SHEETS
    assert len(places(of(1, fan_out={1: MAX_SHEETS}))) == MAX_SHEETS


def test_too_many_dependencies():
    just = of(3, fan_out={1: 200, 2: 100, 3: 1}, dependencies={2: [1]})
    assert sum(map(len, expanded(just).values())) == MAX_EDGES
    with pytest.raises(ScoreRefusedError, match=r"^20100 dependencies between sheets; at most 20000$") as refused:
        expanded(of(3, fan_out={1: 200, 2: 100, 3: 1}, dependencies={2: [1], 3: [2]}))
    assert refused.value.reason == "ScoreTooLarge"
