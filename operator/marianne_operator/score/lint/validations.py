"""Checks of `validations`."""

import re
import string
from collections.abc import Container, Iterator, Mapping
from typing import Any, Final

from marianne_operator.score.compile import condition_context, condition_of
from marianne_operator.score.conditions import unread
from marianne_operator.score.fields import Score, ValidationRule
from marianne_operator.score.lint.findings import Remark
from marianne_operator.score.refused import Path
from marianne_runner.contract import CompiledScore

_JINJA: Final = re.compile(r"\{\{-?\s*(\w+)[^{}]*\}\}|\{%")
_AT_RUN_TIME: Final = frozenset({"workspace", "instrument_name"})
"""What rules know beside the variables of conditions."""


def remarks(score: Score, compiled: CompiledScore) -> Iterator[Remark]:
    """Of every rule, and of all of them together."""
    if not score.validations:
        yield Remark("V203", ("validations",), "without validations a sheet is done when its instrument exits with 0")
    elif all(rule.type == "file_exists" for rule in score.validations):
        yield Remark("V205", ("validations",), "all of them are file_exists: an empty file would do")
    sheets = compiled["sheets"]
    context = condition_context(score, sheets[0], compiled["total_sheets"], compiled["total_stages"])
    used = {index for sheet in sheets for index in sheet["rules"]}
    for index, rule in enumerate(score.validations):
        yield from _of_rule(rule, ("validations", index), context)
        if index not in used:
            yield Remark("K105", _condition_path(rule, index), "its condition holds for none of the sheets")


def _of_rule(rule: ValidationRule, path: Path, context: Mapping[str, Any]) -> Iterator[Remark]:
    if rule.condition is not None:
        for why in unread(rule.condition, context):
            yield Remark("K104", (*path, "condition"), why, "write clauses like sheet_num >= 2, joined by ' and '")
    if rule.type.startswith("content_") and rule.pattern == "":
        yield Remark("V106", (*path, "pattern"), "an empty pattern is found in every file")
    known = context.keys() | _AT_RUN_TIME
    for field, text in (("path", rule.path), ("working_directory", rule.working_directory)):
        if text is not None:
            yield from _of_path(text, (*path, field), known)
    for field, text in (("command", rule.command), ("pattern", rule.pattern)):
        if text is not None and (names := [match[1] for match in _JINJA.finditer(text) if match[1] in known]):
            yield _braces((*path, field), names[0])


def _of_path(text: str, path: Path, known: Container[str]) -> Iterator[Remark]:
    if match := _JINJA.search(text):
        yield _braces(path, match[1] or "name")
        return
    try:
        names = [field for _, field, _, _ in string.Formatter().parse(text) if field is not None]
    except ValueError as error:
        yield Remark("K106", path, f"the rule will fail: {error}", "write {{ and }} for single braces")
        return
    for name in dict.fromkeys(re.split(r"[.\[]", field, maxsplit=1)[0] for field in names):
        if name not in known:
            yield Remark("K106", path, f"the rule will fail: nothing is called {name[:80]!r}")


def _braces(path: Path, name: str) -> Remark:
    return Remark("V201", path, "Jinja's double braces are not filled in validations", f"write {{{name[:80]}}}")


def _condition_path(rule: ValidationRule, index: int) -> Path:
    return ("validations", index, "sheet" if condition_of(rule) != rule.condition else "condition")
