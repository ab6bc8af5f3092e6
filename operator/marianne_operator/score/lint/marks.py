"""Where in the text a path stands.

A second pass over the parser's events: a tree of nodes with their marks would take more memory than the score itself.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import yaml

from marianne_operator.score.refused import Path

Names = tuple[str, ...]
"""A path as the text has it: events know only text."""
_NodeStart = yaml.ScalarEvent | yaml.CollectionStartEvent


@dataclass(frozen=True, slots=True)
class Mark:
    """Of the key, or of the item in a list; `content` is the first line of a literal block's text."""

    line: int
    column: int
    content: int | None = None


@dataclass(slots=True)
class _Frame:
    """A collection that is being read; `path` is None where nobody asks for anything inside."""

    path: Names | None
    mapping: bool
    index: int = 0
    key: str | None = None
    at: tuple[int, int] | None = None


def locate(text: str, paths: Iterable[Path]) -> dict[Path, Mark]:
    """For each path its mark, or that of the nearest thing above it. The text has been read before without errors."""
    asked = {path: tuple(map(str, path)) for path in paths}
    wanted = {names[:length] for names in asked.values() for length in range(len(names) + 1)}
    found = _walk(text, wanted)
    return {path: mark for path, names in asked.items() if (mark := _nearest(found, names)) is not None}


def _nearest(found: Mapping[Names, Mark], names: Names) -> Mark | None:
    return next((found[names[:end]] for end in range(len(names), -1, -1) if names[:end] in found), None)


def _walk(text: str, wanted: Collection[Names]) -> dict[Names, Mark]:
    found: dict[Names, Mark] = {}
    stack: list[_Frame] = []
    for event in yaml.parse(text, yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionEndEvent):
            stack.pop()
        elif isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
            _node(event, stack, wanted, found)
    return found


def _node(
    event: _NodeStart,
    stack: list[_Frame],
    wanted: Collection[Names],
    found: dict[Names, Mark],
) -> None:
    parent = stack[-1] if stack else None
    if parent is not None and parent.mapping and parent.key is None and isinstance(event, yaml.ScalarEvent):
        parent.key, parent.at = event.value, _at(event)
        return
    path = () if parent is None else _child(parent, wanted)
    if path is not None:
        start = parent.at if parent is not None and parent.at is not None else _at(event)
        found[path] = Mark(*start, content=_content(event))
    if parent is not None:
        parent.key = parent.at = None
        parent.index += 1
    if isinstance(event, yaml.CollectionStartEvent):
        stack.append(_Frame(path, isinstance(event, yaml.MappingStartEvent)))


def _child(parent: _Frame, wanted: Collection[Names]) -> Names | None:
    if parent.path is None:
        return None
    name = parent.key if parent.mapping and parent.key is not None else str(parent.index)
    path = (*parent.path, name)
    return path if path in wanted else None


def _at(event: _NodeStart) -> tuple[int, int]:
    mark = event.start_mark
    return (1, 1) if mark is None else (mark.line + 1, mark.column + 1)  # the parser gives every event its mark


def _content(event: _NodeStart) -> int | None:
    """The line after the `|`; other styles join or escape lines, and theirs cannot be counted."""
    return _at(event)[0] + 1 if isinstance(event, yaml.ScalarEvent) and event.style == "|" else None
