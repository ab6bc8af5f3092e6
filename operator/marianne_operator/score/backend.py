"""The `backend` block, Marianne's older way to configure an instrument (semantics §4.6).

It speaks for the sheets whose instrument is `backend.type` itself, and each type takes words of its own.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from marianne_operator.score.fields import Score
from marianne_operator.score.fields.base import Part

TAKES: Final[Mapping[str, Mapping[str, str]]] = {
    "claude_cli": {"cli_model": "model", "allowed_tools": "allowed_tools", "cli_extra_args": "cli_extra_args"},
    "anthropic_api": {"model": "model", "max_tokens": "max_tokens", "temperature": "temperature"},
    "ollama": {
        "ollama.model": "model",
        "ollama.num_ctx": "num_ctx",
        "ollama.keep_alive": "keep_alive",
        "ollama.timeout_seconds": "timeout_seconds",
    },
}
"""By type: its fields, and what each is called in a configuration."""
FIELDS: Final = tuple(field for fields in TAKES.values() for field in fields)


def configuration(score: Score) -> dict[str, Any]:
    """For every sheet of its instrument. A default that is not written is left to the Instrument."""
    takes = TAKES.get(score.backend.type, {})
    return {ours: _value(score.backend, theirs) for theirs, ours in takes.items() if is_written(score.backend, theirs)}


def override(score: Score, number: int) -> dict[str, Any]:
    """What it says of one sheet beside its time-out."""
    words = score.backend.sheet_overrides.get(number)
    takes = TAKES.get(score.backend.type, {})
    if words is None:
        return {}
    given = {ours: getattr(words, theirs, None) for theirs, ours in takes.items()}
    return {name: value for name, value in given.items() if value is not None}


def in_vain(score: Score) -> Iterator[str]:
    """Paths of what is written, and is not for the instrument that plays."""
    takes = TAKES.get(score.backend.type, {}) if score.instrument is None else {}
    for field in FIELDS:
        if field not in takes and is_written(score.backend, field):
            yield f"backend.{field}"
    for field in ("cli_model", "model", "temperature", "max_tokens"):
        overrides = score.backend.sheet_overrides.items() if field not in takes else ()
        having = [number for number, words in overrides if getattr(words, field) is not None]
        if having:  # one line for all of them: a score may have hundreds
            yield f"backend.sheet_overrides.{having[0]}.{field}"


def is_written(part: Part, path: str) -> bool:
    """Whether the value at `path` differs from what stands there when nothing is written."""
    above, _, field = path.rpartition(".")
    part = _value(part, above) if above else part
    return bool(getattr(part, field) != type(part).model_fields[field].get_default(call_default_factory=True))


def _value(part: Part, path: str) -> Any:  # noqa: ANN401  (a field's)
    for name in path.split("."):
        part = getattr(part, name)
    return part
