"""The graph of a job, sheets that have not started included: from its compiled score. Pure."""

from collections.abc import Mapping, Sequence
from graphlib import TopologicalSorter
from typing import Any

Compiled = Mapping[str, Any]
Body = Mapping[str, Any]


def graph(compiled: Compiled, sheets: Sequence[Body]) -> dict[str, Any]:
    """Nodes, edges and levels: a sheet's level is the longest way to it. `sheets` is `status.sheets`.

    Raises `ValueError` as `levels` does.
    """
    needs = {sheet["num"]: needed(compiled, sheet) for sheet in compiled["sheets"]}
    level = levels(needs)
    rows: list[list[int]] = [[] for _ in range(max(level.values(), default=-1) + 1)]
    for num, depth in level.items():
        rows[depth].append(num)
    state = {item["num"]: item for item in sheets}
    return {
        "nodes": [
            _node(compiled, sheet, state.get(sheet["num"], {}), level[sheet["num"]]) for sheet in compiled["sheets"]
        ],
        "edges": [{"from_sheet": before, "to_sheet": num} for num, each in needs.items() for before in each],
        "levels": rows,
    }


def needed(compiled: Compiled, sheet: Body) -> list[int]:
    """As the conductor schedules: where no dependency is written, one sheet waits for the one before it."""
    if compiled["dependencies_declared"]:
        return list(sheet["needs"])
    return [sheet["num"] - 1] if sheet["num"] > 1 else []


def levels(needs: Mapping[int, Sequence[int]]) -> dict[int, int]:
    """Longest way from a sheet that needs nothing; numbers may need higher ones.

    Raises `ValueError` for what no score compiles to: a cycle, or a need that is no sheet.
    """
    if not all(before in needs for each in needs.values() for before in each):
        raise ValueError("a sheet needs one that is not there")
    found: dict[int, int] = {}
    for num in TopologicalSorter(needs).static_order():
        found[num] = max((found[each] + 1 for each in needs[num]), default=0)
    return dict(sorted(found.items()))


def movement_of(compiled: Compiled, movement: int) -> set[int]:
    """Numbers of the sheets of one movement."""
    return {sheet["num"] for sheet in compiled["sheets"] if sheet["stage"] == movement}


def _node(compiled: Compiled, sheet: Body, item: Body, level: int) -> dict[str, Any]:
    names, descriptions = compiled.get("stage_names") or {}, compiled.get("descriptions") or {}
    return {
        "sheet_num": sheet["num"],
        "movement": sheet["stage"],
        "movement_name": names.get(str(sheet["stage"])),
        "voice": sheet["instance"],
        "voice_count": sheet["fan_count"],
        "description": descriptions.get(str(sheet["num"])),
        "instrument": compiled["performers"][sheet["performer"]].get("instrument"),
        "status": item.get("state", "pending"),
        "level": level,
    }
