"""Checks of how the score is cut into sheets, and of what is said by sheet and by stage."""

from collections.abc import Iterable, Iterator
from typing import Final

from marianne_operator.score.expansion import fan_out
from marianne_operator.score.fields import Score
from marianne_operator.score.lint.findings import Remark
from marianne_operator.score.refused import Path
from marianne_operator.score.skip_expression import problem
from marianne_runner.contract import CompiledScore

_SHEET_MAPS: Final = (
    "descriptions",
    "spec_tags",
    "prompt_extensions",
    "cadenzas",
    "per_sheet_instruments",
    "per_sheet_instrument_config",
    "per_sheet_fallbacks",
)
MINUTE: Final = 60
DAY: Final = 24 * 60 * MINUTE


def remarks(score: Score, compiled: CompiledScore) -> Iterator[Remark]:
    """Of `sheet`, `movements`, `parallel` and the time-outs."""
    yield from _fan_out(score)
    yield from _skips(score, compiled["total_stages"])
    yield from _ranges(score, compiled)
    yield from _timeouts(score)


def _fan_out(score: Score) -> Iterator[Remark]:
    if all(count == 1 for count in fan_out(score).values()):
        return
    path: Path = ("sheet", "fan_out") if score.sheet.fan_out else ("movements",)
    if not score.sheet.dependencies:
        why = "without sheet.dependencies the sheets run one after the other, in number order"
        yield Remark("V206", path, why, "say in sheet.dependencies what each stage waits for")
    if not score.parallel.enabled:
        why = "without parallel.enabled the instances of a stage run one after the other"
        yield Remark("V207", path, why, "write parallel: {enabled: true}")


def _skips(score: Score, stages: int) -> Iterator[Remark]:
    for field in ("skip_when", "skip_when_command"):
        for number in _beyond(getattr(score.sheet, field), stages):
            yield Remark("V212", ("sheet", field, number), f"there is no stage {number} (1..{stages})")
    for number, expression in score.sheet.skip_when.items():
        if why := problem(expression):
            yield Remark("K108", ("sheet", "skip_when", number), f"never skips: {why}")


def _ranges(score: Score, compiled: CompiledScore) -> Iterator[Remark]:
    sheets, stages = compiled["total_sheets"], compiled["total_stages"]
    maps: list[tuple[Path, Iterable[int]]] = [(("sheet", name), getattr(score.sheet, name)) for name in _SHEET_MAPS]
    backend = score.backend
    maps += [(("backend", "timeout_overrides"), backend.timeout_overrides)]
    maps += [(("backend", "sheet_overrides"), backend.sheet_overrides)]
    for path, numbers in maps:
        for number in _beyond(numbers, sheets):
            yield Remark("K103", (*path, number), f"there is no sheet {number} (1..{sheets})")
    for name, given in score.sheet.instrument_map.items():
        for index, number in enumerate(given):
            if not 1 <= number <= sheets:
                why = f"there is no sheet {number} (1..{sheets})"
                yield Remark("K103", ("sheet", "instrument_map", name, index), why)
    for number in _beyond(score.movements, stages):
        yield Remark("K103", ("movements", number), f"there is no stage {number} (1..{stages})")


def _beyond(numbers: Iterable[int], last: int) -> list[int]:
    return [number for number in numbers if not 1 <= number <= last]


def _timeouts(score: Score) -> Iterator[Remark]:
    backend = score.backend
    written: list[tuple[Path, float | None]] = [(("backend", "timeout_seconds"), backend.timeout_seconds)]
    written += [(("backend", "timeout_overrides", num), given) for num, given in backend.timeout_overrides.items()]
    for num, override in backend.sheet_overrides.items():
        written.append((("backend", "sheet_overrides", num, "timeout_seconds"), override.timeout_seconds))
    for path, seconds in written:
        if seconds is not None and seconds < MINUTE:
            yield Remark("V103", path, f"{seconds:g} s are short: the instrument is killed after them")
        elif seconds is not None and seconds > DAY:
            yield Remark(
                "V103", path, f"{seconds:g} s are more than a day: a hanging instrument keeps its Pod that long"
            )
