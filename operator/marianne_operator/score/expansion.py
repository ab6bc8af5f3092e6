"""Stages to concrete sheets (semantics §4.2-4.4): items, fan-out, dependencies."""

import graphlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from marianne_operator.score.fields import Score
from marianne_operator.score.refused import Problem, ScoreRefusedError, refused_for

MAX_SHEETS: Final = 500
MAX_EDGES: Final = 20_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sheet stands: its number, its stage, and which of how many instances of that stage it is."""

    num: int
    stage: int
    instance: int = 1
    fan_count: int = 1


def places(score: Score) -> tuple[Place, ...]:
    """Every concrete sheet, in number order; raises `ScoreRefusedError` where there are too many."""
    counts = fan_out(score)
    _refuse_too_many(score, counts)
    if not counts:
        mapped = score.sheet.fan_out_stage_map or {}
        return tuple(_mapped(num, mapped.get(num)) for num in range(1, _undivided(score) + 1))
    cells = [
        (stage, instance, counts.get(stage, 1))
        for stage in range(1, score.sheet.total_items + 1)
        for instance in range(1, counts.get(stage, 1) + 1)
    ]
    return tuple(Place(num, *cell) for num, cell in enumerate(cells, 1))


def fan_out(score: Score) -> dict[int, int]:
    """Instances by stage; `movements.N.voices` counts where `sheet.fan_out` is silent."""
    sheet = score.sheet
    if sheet.fan_out_stage_map and not sheet.fan_out:
        return {}  # expanded before and written out
    voices = {number: each.voices for number, each in score.movements.items() if each.voices and each.voices > 1}
    if voices and (sheet.size != 1 or sheet.start_item != 1):
        why = "needs sheet.size: 1 and sheet.start_item: 1"
        raise ScoreRefusedError("ScoreInvalid", Problem(("movements", next(iter(voices)), "voices"), why))
    if beyond := [stage for stage in voices if stage > sheet.total_items]:
        why = f"the score has no such stage (1..{sheet.total_items})"
        raise ScoreRefusedError("ScoreInvalid", Problem(("movements", beyond[0], "voices"), why))
    return voices | sheet.fan_out


def items(score: Score, place: Place, total: int) -> tuple[int, int]:
    """First and last item of this sheet. A fan-out leaves one item for each concrete sheet."""
    sheet = score.sheet
    first = (place.num - 1) * sheet.size + sheet.start_item
    return first, min(first + sheet.size - 1, max(sheet.total_items, total))


def dependencies(score: Score, sheets: Sequence[Place]) -> dict[int, list[int]]:
    """What each listed sheet waits for; refuses numbers that do not exist, a sheet that needs itself, and cycles."""
    declared = score.sheet.dependencies
    members = _members(score, sheets)
    if problems := dependency_problems(score, sheets):
        raise refused_for("ScoreInvalid", problems)
    expanded: dict[int, dict[int, None]] = {}
    for target, sources in declared.items():
        for source in dict.fromkeys(sources):
            _connect(expanded, members[target], members[source])
    if (edges := sum(map(len, expanded.values()))) > MAX_EDGES:
        raise ScoreRefusedError("ScoreTooLarge", f"{edges} dependencies between sheets; at most {MAX_EDGES}")
    return {target: list(needed) for target, needed in expanded.items()}


def dependency_problems(score: Score, sheets: Sequence[Place]) -> list[Problem]:
    """Every number that does not exist, every sheet that needs itself; without these, the first cycle."""
    declared, members = score.sheet.dependencies, _members(score, sheets)
    return list(_unknown(declared, members)) or list(_cycles(declared))


def _undivided(score: Score) -> int:
    sheet = score.sheet
    return -(-(sheet.total_items - sheet.start_item + 1) // sheet.size)


def _refuse_too_many(score: Score, counts: Mapping[int, int]) -> None:
    """Counted before any is made: a score may well ask for a billion."""
    total = score.sheet.total_items + sum(counts.values()) - len(counts) if counts else _undivided(score)
    if total > MAX_SHEETS:
        raise ScoreRefusedError("ScoreTooLarge", Problem(("sheet",), f"{total} sheets; at most {MAX_SHEETS}"))


def _mapped(num: int, written: Mapping[str, int] | None) -> Place:
    """A score that was expanded before and written out says where each sheet stands."""
    if written is None:
        return Place(num, num)
    try:
        return Place(num, written["stage"], written["instance"], written["fan_count"])
    except KeyError as error:
        path = ("sheet", "fan_out_stage_map", num)
        why = f"{error} is missing; write stage, instance and fan_count"
        raise ScoreRefusedError("ScoreInvalid", Problem(path, why)) from error


def _members(score: Score, sheets: Sequence[Place]) -> dict[int, list[int]]:
    """Sheets by the number that dependencies use: the stage, or after an earlier expansion the sheet itself."""
    if not fan_out(score):
        return {place.num: [place.num] for place in sheets}
    members: dict[int, list[int]] = {}
    for place in sheets:
        members.setdefault(place.stage, []).append(place.num)
    return members


def _unknown(declared: Mapping[int, Sequence[int]], members: Mapping[int, object]) -> Iterator[Problem]:
    for target, sources in declared.items():
        for number in dict.fromkeys((target, *sources)):
            if number not in members:
                why = f"{number} is none of this score's stages (1..{max(members)})"
                yield Problem(("sheet", "dependencies", target), why)
        if target in sources:
            yield Problem(("sheet", "dependencies", target), "it depends on itself; take it out")


def _cycles(declared: Mapping[int, Sequence[int]]) -> Iterator[Problem]:
    try:
        graphlib.TopologicalSorter(declared).prepare()
    except graphlib.CycleError as error:
        cycle = " -> ".join(str(number) for number in error.args[1])
        yield Problem(("sheet", "dependencies"), f"{cycle} is a cycle; break it")


def _connect(expanded: dict[int, dict[int, None]], targets: Sequence[int], sources: Sequence[int]) -> None:
    """Equal fans pair up instance by instance; anything else is all to all."""
    paired = len(targets) == len(sources) > 1
    for index, target in enumerate(targets):
        needed = expanded.setdefault(target, {})
        needed.update(dict.fromkeys([sources[index]] if paired else sources))
