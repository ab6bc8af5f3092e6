"""Text to a score, and what a hostile text meets on the way.

YAML aliases, duplicate keys, deep nesting and sheer size are refused before anything is built of the text: a few
hundred bytes of aliases would otherwise become gigabytes.
"""

from collections.abc import Hashable, Mapping
from typing import Any, Final

import yaml
from pydantic import ValidationError

from marianne_operator.score.fields import Score
from marianne_operator.score.plain import check_bounds
from marianne_operator.score.refused import ScoreRefusedError

MAX_TEXT: Final = 512 * 1024
"""Bytes of UTF-8."""
SHOWN_ERRORS: Final = 5
SHOWN_INPUT: Final = 80
"""Characters of a wrong value that are worth repeating."""


def tree_of(text: str) -> dict[Any, Any]:
    """The mapping that the text holds; raises `ScoreRefusedError`."""
    if len(text.encode(errors="surrogatepass")) > MAX_TEXT:
        raise ScoreRefusedError("ScoreTooLarge", f"the score is longer than {MAX_TEXT} bytes")
    try:
        _check_events(text)
        tree = yaml.load(text, _Loader)  # noqa: S506  (a SafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ScoreRefusedError("ScoreInvalid", f"not YAML: {_one_line(error)}") from error
    if not isinstance(tree, dict):
        kind = "empty" if tree is None else f"a {type(tree).__name__}"
        raise ScoreRefusedError("ScoreInvalid", f"a score is a YAML mapping; this is {kind}")
    return tree


def score_of(tree: Mapping[Any, Any]) -> Score:
    """The score, checked field by field; raises `ScoreRefusedError` with the first errors by path."""
    try:
        return Score.model_validate(tree)
    except ValidationError as error:
        raise ScoreRefusedError("ScoreInvalid", _told(error)) from error


class _Loader(yaml.CSafeLoader):
    """Refuses a key that is written twice: the first one would be lost without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key, _ in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise ScoreRefusedError("ScoreInvalid", f"line {line}: a key is text or a number, not a {key.id}")
            name = self.construct_object(key, deep=True)
            if name in seen:
                raise ScoreRefusedError("ScoreInvalid", f"line {line}: {_short(name)} is written twice; keep one")
            seen.add(name)
        return super().construct_mapping(node, deep)


def _check_events(text: str) -> None:
    depth = nodes = 0
    for event in yaml.parse(text, yaml.CSafeLoader):
        if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            line = event.start_mark.line + 1 if event.start_mark is not None else 0
            why = f"line {line}: YAML anchors and aliases (&{event.anchor}, *{event.anchor}) are not allowed"
            raise ScoreRefusedError("ScoreInvalid", f"{why}; write the value out")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        nodes += isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent)
        check_bounds(depth, nodes)


def _told(error: ValidationError) -> str:
    lines = [f"{_path(each['loc'])}: {_message(each)}" for each in error.errors(include_url=False)[:SHOWN_ERRORS]]
    more = error.error_count() - len(lines)
    return "; ".join(lines) + (f"; and {more} more" if more > 0 else "")


def _path(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location if part != "[key]")[:SHOWN_INPUT] or "score"


def _message(error: Any) -> str:  # noqa: ANN401  (pydantic's ErrorDetails)
    if error["type"] == "extra_forbidden":
        return "no such field; check the spelling"
    if error["type"] == "missing":
        return "is missing; write it"
    message = str(error["msg"]).removeprefix("Value error, ")
    given = error.get("input")
    shown = isinstance(given, str | int | float) and len(str(given)) <= SHOWN_INPUT
    return f"{message} (is {given!r})" if shown else message


def _short(name: object) -> str:
    return repr(name)[:SHOWN_INPUT]


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:500]
