"""Stages to concrete sheets (semantics §4.2-4.4): items, fan-out, dependencies."""

import graphlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from marianne_operator.score.fields import Score
from marianne_operator.score.refused import ScoreRefusedError


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sheet stands: its number, its stage, and which of how many instances of that stage it is."""

    num: int
    stage: int
    instance: int = 1
    fan_count: int = 1


def places(score: Score) -> tuple[Place, ...]:
    """Every concrete sheet, in number order."""
    sheet, counts = score.sheet, fan_out(score)
    if sheet.fan_out_stage_map and not sheet.fan_out:
        return _mapped(sheet.fan_out_stage_map)
    if not counts:
        total = math.ceil((sheet.total_items - sheet.start_item + 1) / sheet.size)
        return tuple(Place(num, num) for num in range(1, total + 1))
    stages = ((stage, counts.get(stage, 1)) for stage in range(1, sheet.total_items + 1))
    cells = chain.from_iterable(
        ((stage, instance, count) for instance in range(1, count + 1)) for stage, count in stages
    )
    return tuple(Place(num, *cell) for num, cell in enumerate(cells, 1))


def fan_out(score: Score) -> dict[int, int]:
    """Instances by stage; `movements.N.voices` counts where `sheet.fan_out` is silent."""
    voices = {number: each.voices for number, each in score.movements.items() if each.voices and each.voices > 1}
    if voices and (score.sheet.size != 1 or score.sheet.start_item != 1):
        raise ScoreRefusedError("ScoreInvalid", "movements with voices need sheet.size: 1 and sheet.start_item: 1")
    if beyond := [stage for stage in voices if stage > score.sheet.total_items]:
        raise ScoreRefusedError("ScoreInvalid", f"movements.{beyond[0]}: the score has no such stage")
    return voices | score.sheet.fan_out


def items(score: Score, place: Place, total: int) -> tuple[int, int]:
    """First and last item of this sheet. After a fan-out there is one item for each concrete sheet."""
    sheet = score.sheet
    last = total if place.stage != place.num or place.fan_count > 1 or total > sheet.total_items else sheet.total_items
    first = (place.num - 1) * sheet.size + sheet.start_item
    return first, min(first + sheet.size - 1, last)


def dependencies(score: Score, sheets: Sequence[Place]) -> dict[int, list[int]]:
    """What each listed sheet waits for; refuses numbers that do not exist, a sheet that needs itself, and cycles."""
    declared = score.sheet.dependencies
    by_stage: dict[int, list[int]] = {}
    for place in sheets:
        by_stage.setdefault(place.stage, []).append(place.num)
    for target, sources in declared.items():
        for number in (target, *sources):
            if number not in by_stage:
                why = f"sheet.dependencies: {number} is no stage of this score (1..{max(by_stage)})"
                raise ScoreRefusedError("ScoreInvalid", why)
        if target in sources:
            raise ScoreRefusedError("ScoreInvalid", f"sheet.dependencies: {target} depends on itself")
    expanded: dict[int, list[int]] = {}
    for target, sources in declared.items():
        for source in sources:
            _connect(expanded, by_stage[target], by_stage[source])
    _refuse_cycles(expanded)
    return expanded


def _connect(expanded: dict[int, list[int]], targets: Sequence[int], sources: Sequence[int]) -> None:
    """Equal fans pair up instance by instance; anything else is all to all."""
    paired = len(targets) == len(sources) > 1
    for index, target in enumerate(targets):
        needed = expanded.setdefault(target, [])
        needed += [each for each in ([sources[index]] if paired else sources) if each not in needed]


def _refuse_cycles(needs: Mapping[int, Sequence[int]]) -> None:
    try:
        graphlib.TopologicalSorter(needs).prepare()
    except graphlib.CycleError as error:
        cycle = " -> ".join(str(number) for number in error.args[1])
        raise ScoreRefusedError("ScoreInvalid", f"sheet.dependencies: {cycle} is a cycle; break it") from error


def _mapped(stages: Mapping[int, Mapping[str, int]]) -> tuple[Place, ...]:
    """A score that was expanded before and written out: the map says what the sheets are."""
    if sorted(stages) != list(range(1, len(stages) + 1)):
        raise ScoreRefusedError("ScoreInvalid", "sheet.fan_out_stage_map: sheet numbers must run from 1 without a gap")
    try:
        return tuple(
            Place(num, stages[num]["stage"], stages[num]["instance"], stages[num]["fan_count"])
            for num in sorted(stages)
        )
    except KeyError as error:
        raise ScoreRefusedError("ScoreInvalid", f"sheet.fan_out_stage_map: an entry lacks {error}") from error
