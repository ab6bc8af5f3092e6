"""Checks of instrument names. Which instruments a cluster has is not known here, only which it cannot have."""

import re
from collections.abc import Iterator
from typing import Final

from marianne_operator.model.names import instrument_object_name
from marianne_operator.score.fields import Score
from marianne_operator.score.lint.findings import Remark
from marianne_operator.score.refused import Path

_OBJECT_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LONGEST: Final = 253


def remarks(score: Score) -> Iterator[Remark]:
    """Of every place that names an instrument or a fallback."""
    for check, places in (("V210", _named(score)), ("V211", _fallbacks(score))):
        for path, name in places:
            if name not in score.instruments and not _possible(name):
                why = f"no Instrument can be called {name[:80]!r}, and the score's own instruments have no such name"
                yield Remark(check, path, why, "use letters, digits, - and _")


def _possible(name: str) -> bool:
    called = instrument_object_name(name)
    return len(called) <= _LONGEST and _OBJECT_NAME.fullmatch(called) is not None


def _named(score: Score) -> Iterator[tuple[Path, str]]:
    if score.instrument is not None:
        yield ("instrument",), score.instrument
    yield ("backend", "type"), score.backend.type
    for num, name in score.sheet.per_sheet_instruments.items():
        yield ("sheet", "per_sheet_instruments", num), name
    for name in score.sheet.instrument_map:
        yield ("sheet", "instrument_map", name), name
    for stage, movement in score.movements.items():
        if movement.instrument is not None:
            yield ("movements", stage, "instrument"), movement.instrument
    for alias, defined in score.instruments.items():
        yield ("instruments", alias, "profile"), defined.profile


def _fallbacks(score: Score) -> Iterator[tuple[Path, str]]:
    for index, name in enumerate(score.instrument_fallbacks):
        yield ("instrument_fallbacks", index), name
    for stage, movement in score.movements.items():
        for index, name in enumerate(movement.instrument_fallbacks):
            yield ("movements", stage, "instrument_fallbacks", index), name
    for num, names in score.sheet.per_sheet_fallbacks.items():
        for index, name in enumerate(names):
            yield ("sheet", "per_sheet_fallbacks", num, index), name
