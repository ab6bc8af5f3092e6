"""What an author wrote as plain JSON: what the digest is of, and what a ConfigMap can hold.

A tree from YAML and a tree from the API server meet here, so both meet the same bounds, and the same score has the same
digest whichever way it came. What JSON cannot say is refused by its path instead of being changed without a word.
"""

import datetime
import json
import math
from collections.abc import Mapping
from typing import Any, Final

from marianne_operator.score.refused import Path, Problem, ScoreRefusedError

MAX_DEPTH: Final = 64
"""Mappings and lists inside each other."""
MAX_NODES: Final = 200_000
"""Keys and values."""
MAX_INTEGER: Final = 2**63
"""Kubernetes keeps integers of 64 bits."""


def plain(tree: Mapping[Any, Any]) -> dict[str, Any]:
    """A copy of strings, numbers, booleans, nulls, lists and string-keyed mappings; raises `ScoreRefusedError`.

    Dates become the text that a template would have made of them; keys become what JSON makes of them.
    """
    return _Copy().mapping(tree, (), 1)


def canonical(written: Mapping[str, Any]) -> bytes:
    """One spelling of a plain tree, whatever the order of its keys."""
    return json.dumps(written, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def check_bounds(depth: int, nodes: int) -> None:
    """Raises `ScoreRefusedError` where a tree that is being read grows too deep or too large."""
    if depth > MAX_DEPTH:
        raise ScoreRefusedError("ScoreTooLarge", f"the score is nested deeper than {MAX_DEPTH} levels")
    if nodes > MAX_NODES:
        raise ScoreRefusedError("ScoreTooLarge", f"the score has more than {MAX_NODES} values")


class _Copy:
    def __init__(self) -> None:
        self._nodes = 1

    def mapping(self, tree: Mapping[Any, Any], path: Path, depth: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key, each in tree.items():
            name = _key(key, path)
            if name in made:
                raise _refused((*path, name), "is written twice, as a number and as text; keep one")
            self._nodes += 1
            made[name] = self._value(each, (*path, name), depth)
        return made

    def _value(self, value: object, path: Path, depth: int) -> object:
        self._nodes += 1
        deeper = depth + isinstance(value, Mapping | list)
        check_bounds(deeper, self._nodes)
        if isinstance(value, Mapping):
            return self.mapping(value, path, deeper)
        if isinstance(value, list):
            return [self._value(each, (*path, index), deeper) for index, each in enumerate(value)]
        return _scalar(value, path)


def _scalar(value: object, path: Path) -> object:
    if value is None:
        return value
    if isinstance(value, str):
        return _text(value, path)
    if isinstance(value, int):
        if not -MAX_INTEGER <= value < MAX_INTEGER:
            raise _refused(path, "has more than 64 bits; write it as text")
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise _refused(path, "is not a finite number; leave it out or write a number")
        return value
    if isinstance(value, datetime.date):
        return str(value)
    raise _refused(path, f"holds a {type(value).__name__}; write text, a number, a list or a mapping")


def _key(key: object, path: Path) -> str:
    if isinstance(key, str):
        return _text(key, (*path, key))
    if isinstance(key, Mapping | list | tuple | bytes):
        raise _refused(path, f"has a {type(key).__name__} as a key; a key is text or a number")
    made = _scalar(key, (*path, str(key)[:40]))
    return made if isinstance(made, str) else json.dumps(made)


def _text(text: str, path: Path) -> str:
    if "\0" in text:
        raise _refused(path, "holds a NUL character; no file, command or environment can")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise _refused(path, "is not valid Unicode: half of a surrogate pair stands alone") from error
    return text


def _refused(path: Path, why: str) -> ScoreRefusedError:
    return ScoreRefusedError("ScoreInvalid", Problem(path, why))
