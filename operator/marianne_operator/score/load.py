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
from marianne_operator.score.refused import Path, Problem, ScoreRefusedError, refused_for

MAX_TEXT: Final = 512 * 1024
"""Bytes of UTF-8."""
MOST_ERRORS: Final = 10_000
"""Beyond these, a list of them would take more memory than reading may."""
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
        raise ScoreRefusedError("ScoreInvalid", f"not YAML: {_one_line(error)}", _line(error, text)) from error
    if not isinstance(tree, dict):
        kind = "empty" if tree is None else f"a {type(tree).__name__}"
        raise ScoreRefusedError("ScoreInvalid", f"a score is a YAML mapping; this is {kind}")
    return tree


def score_of(tree: Mapping[Any, Any]) -> Score:
    """The score, checked field by field; raises `ScoreRefusedError` with the first problems by path."""
    read = read_score(tree)
    if isinstance(read, Score):
        return read
    raise refused_for("ScoreInvalid", read)


def read_score(tree: Mapping[Any, Any]) -> Score | list[Problem]:
    """The score, or every field that is wrong."""
    try:
        return Score.model_validate(tree)
    except ValidationError as error:
        if (count := error.error_count()) > MOST_ERRORS:
            return [Problem((), f"{count} fields are wrong; this is no score")]
        return [_problem(each) for each in error.errors(include_url=False)]


class _Loader(yaml.CSafeLoader):
    """Refuses a key that is written twice: the first one would be lost without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key, _ in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                why = f"line {line}: a key is text or a number, not a {key.id}"
                raise ScoreRefusedError("ScoreInvalid", why, line)
            name = self.construct_object(key, deep=True)
            if name in seen:
                why = f"line {line}: {_short(name)} is written twice; keep one"
                raise ScoreRefusedError("ScoreInvalid", why, line)
            seen.add(name)
        return super().construct_mapping(node, deep)


def _check_events(text: str) -> None:
    depth = nodes = 0
    for event in yaml.parse(text, yaml.CSafeLoader):
        if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            line = event.start_mark.line + 1 if event.start_mark is not None else 0
            why = f"line {line}: YAML anchors and aliases (&{event.anchor}, *{event.anchor}) are not allowed"
            raise ScoreRefusedError("ScoreInvalid", f"{why}; write the value out", line or None)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        nodes += isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent)
        check_bounds(depth, nodes)


def _problem(error: Any) -> Problem:  # noqa: ANN401  (pydantic's ErrorDetails)
    path: Path = tuple(part for part in error["loc"] if part != "[key]")
    return Problem(path, _message(error), error["type"])


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


def _line(error: Exception, text: str) -> int | None:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return int(error.problem_mark.line) + 1
    if isinstance(error, yaml.reader.ReaderError):
        return text.count("\n", 0, error.position) + 1
    return None


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:500]
