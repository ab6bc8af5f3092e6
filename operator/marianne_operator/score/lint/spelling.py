"""What an author may have meant by a field that does not exist."""

import difflib
import typing
from collections.abc import Iterator, Mapping
from typing import Any

from marianne_operator.score.fields import Score
from marianne_operator.score.fields.base import Part
from marianne_operator.score.refused import Path


def meant(path: Path) -> str | None:
    """The field beside it whose name is closest, or None where none is close."""
    *above, name = path
    part: type[Part] | None = Score
    for step in above:
        if part is None:
            return None
        field = _fields(part).get(str(step))
        if field is not None:
            part = next(_parts(field), None)  # the steps through maps and lists stay at their values' part
    if part is None:
        return None
    close = difflib.get_close_matches(str(name), _fields(part), n=1)
    return f"did you mean {close[0]!r}?" if close else None


def _fields(part: type[Part]) -> Mapping[str, Any]:
    return {field.alias or name: field.annotation for name, field in part.model_fields.items()}


def _parts(annotation: Any) -> Iterator[type[Part]]:  # noqa: ANN401  (any annotation)
    """The parts that an annotation speaks of, through optional, list and dict."""
    if isinstance(annotation, type) and issubclass(annotation, Part):
        yield annotation
    for inner in typing.get_args(annotation):
        yield from _parts(inner)
