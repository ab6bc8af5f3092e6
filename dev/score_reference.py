"""The tables of `docs/score-reference.md`, made from the models: `python -m dev.score_reference` writes them anew."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Final, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from marianne_operator.score.effects import EFFECTS, Effect
from marianne_operator.score.fields import Score
from marianne_operator.score.fields.base import Part

PAGE: Final = Path(__file__).parents[1] / "docs" / "score-reference.md"
BEGIN: Final = "<!-- made by `python -m dev.score_reference`: begin -->"
END: Final = "<!-- end -->"


def main() -> int:
    """Write the page."""
    PAGE.write_text(renewed(PAGE.read_text()))
    return 0


def renewed(page: str) -> str:
    """The page with its tables as they are now."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{tables()}\n{END}{after}"


def tables() -> str:
    """Three: what is performed, what has no effect, what is refused."""
    return "\n".join(("## Performed", "", *_performed(), "", *_table("none"), "", *_table("refused"), ""))


def paths(model: type[Part] = Score, prefix: str = "") -> Iterator[str]:
    """Every field that a score may write, down to the fields of its parts, deeper where an effect is told of them."""
    for name, field in model.model_fields.items():
        written = f"{prefix}{field.alias or name}"
        part = _part(field)
        deeper = any(each.path.startswith(f"{written}.") for each in EFFECTS)
        if part is None or (prefix and not deeper):
            yield written
        else:
            yield from paths(part, f"{written}.")


def effect_of(path: str) -> Effect | None:
    """What is said of this field, or of the part that it belongs to."""
    return next((each for each in EFFECTS if path == each.path or path.startswith(f"{each.path}.")), None)


def _performed() -> Iterator[str]:
    by_part: dict[str, list[str]] = {}
    for path in paths():
        part, _, field = path.rpartition(".")
        if effect_of(path) is None and not _cannot_be_switched_on(part):
            by_part.setdefault(part, []).append(f"`{field}`")
    yield from ("| part | fields |", "|---|---|")
    for part, fields in by_part.items():
        yield f"| {f'`{part}`' if part else 'the score itself'} | {', '.join(fields)} |"


def _cannot_be_switched_on(part: str) -> bool:
    """What belongs to something that is refused: `grounding.hooks` without `grounding.enabled`."""
    refused = [each.path for each in EFFECTS if each.kind == "refused"]
    return f"{part}.enabled" in paths() and any(path.startswith(f"{part}.") for path in refused)


def _table(kind: str) -> Iterator[str]:
    titles = {"none": ("Accepted, no effect", "why"), "refused": ("Refused", "because without it")}
    title, why = titles[kind]
    yield from (f"## {title}", "", f"| field | {why} |", "|---|---|")
    for effect in EFFECTS:
        if effect.kind == kind:
            yield f"| `{effect.path}` | {effect.why} |"


def _part(field: FieldInfo) -> type[Part] | None:
    """The model behind a field, also behind `… | None`; None for values, lists and maps."""
    annotation = field.annotation
    candidates = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    return next((each for each in candidates if isinstance(each, type) and issubclass(each, Part)), None)


if __name__ == "__main__":
    sys.exit(main())
