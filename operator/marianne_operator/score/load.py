"""Text to a score, and what a hostile text meets on the way.

YAML aliases, duplicate keys, deep nesting and sheer size are refused before anything is built of the text: a few
hundred bytes of aliases would otherwise become gigabytes. Typed scores meet the same limits.
"""

from collections.abc import Hashable, Mapping
from typing import Any, Final

import yaml
from pydantic import ValidationError

from marianne_operator.score.fields import Score
from marianne_operator.score.refused import ScoreRefusedError

MAX_TEXT: Final = 512 * 1024
"""Bytes of UTF-8."""
MAX_DEPTH: Final = 64
MAX_NODES: Final = 200_000
SHOWN_ERRORS: Final = 5


def tree_of(text: str) -> dict[str, Any]:
    """The mapping that the text holds; raises `ScoreRefusedError`."""
    if len(text.encode(errors="surrogatepass")) > MAX_TEXT:
        raise ScoreRefusedError("ScoreTooLarge", f"the score is longer than {MAX_TEXT} bytes")
    try:
        _check_events(text)
        tree = yaml.load(text, _Loader)  # noqa: S506  (a SafeLoader)
    except yaml.YAMLError as error:
        raise ScoreRefusedError("ScoreInvalid", f"not YAML: {_one_line(error)}") from error
    except (ValueError, RecursionError) as error:
        raise ScoreRefusedError("ScoreInvalid", f"not YAML: {error}") from error
    if not isinstance(tree, dict):
        raise ScoreRefusedError("ScoreInvalid", "a score is a YAML mapping; this is " + _kind(tree))
    return tree


def score_of(tree: Mapping[str, Any]) -> Score:
    """The score, checked field by field; raises `ScoreRefusedError` with the first errors by path."""
    _check_tree(tree)
    try:
        return Score.model_validate(tree)
    except ValidationError as error:
        raise ScoreRefusedError("ScoreInvalid", _told(error)) from error


class _Loader(yaml.CSafeLoader):
    """Refuses a key that is written twice: the first one would be lost without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key, _ in node.value:
            name = self.construct_object(key, deep=True)
            if name in seen:
                line = key.start_mark.line + 1
                raise ScoreRefusedError("ScoreInvalid", f"line {line}: {name!r} is written twice; keep one")
            seen.add(name)
        return super().construct_mapping(node, deep)


def _check_events(text: str) -> None:
    depth = nodes = 0
    for event in yaml.parse(text, yaml.CSafeLoader):
        line = event.start_mark.line + 1 if event.start_mark is not None else 0
        if isinstance(event, yaml.AliasEvent):
            raise ScoreRefusedError("ScoreInvalid", f"line {line}: YAML aliases (*name) are not allowed; write it out")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        nodes += isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent)
        _check_bounds(depth, nodes)


def _check_tree(tree: object) -> None:
    """The same bounds for a tree that never was text; not recursive, because its depth is not known yet."""
    nodes, todo = 0, [(tree, 1)]
    while todo:
        node, depth = todo.pop()
        nodes += 1
        _check_bounds(depth, nodes)
        if isinstance(node, Mapping):
            todo.extend((each, depth + 1) for each in node.values())
        elif isinstance(node, list):
            todo.extend((each, depth + 1) for each in node)


def _check_bounds(depth: int, nodes: int) -> None:
    if depth > MAX_DEPTH:
        raise ScoreRefusedError("ScoreTooLarge", f"the score is nested deeper than {MAX_DEPTH} levels")
    if nodes > MAX_NODES:
        raise ScoreRefusedError("ScoreTooLarge", f"the score has more than {MAX_NODES} values")


def _told(error: ValidationError) -> str:
    lines = [f"{_path(each['loc'])}: {_message(each)}" for each in error.errors(include_url=False)[:SHOWN_ERRORS]]
    more = error.error_count() - len(lines)
    return "; ".join(lines) + (f"; and {more} more" if more > 0 else "")


def _path(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location if part != "[key]") or "score"


def _message(error: Any) -> str:  # noqa: ANN401  (pydantic's ErrorDetails)
    if error["type"] == "extra_forbidden":
        return "no such field; check the spelling"
    message = str(error["msg"]).removeprefix("Value error, ")
    given = error.get("input")
    return f"{message} (is {given!r})" if isinstance(given, str | int | float) and len(str(given)) < 80 else message


def _one_line(error: yaml.YAMLError) -> str:
    return " ".join(str(error).split())[:500]


def _kind(tree: object) -> str:
    return "empty" if tree is None else f"a {type(tree).__name__}"
