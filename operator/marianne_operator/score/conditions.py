"""Conditions of validations (semantics §6.3).

`NAME OP NUMBER`, joined by ` and `. What is not of that form, and what speaks of something unknown, is true: Marianne's
documented behaviour, which authors rely on.
"""

import operator
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

_CLAUSE: Final = re.compile(r"\s*([A-Za-z_]\w*)\s*(>=|<=|==|!=|>|<)\s*(\d+)")
_OPERATORS: Final = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}


def applies(condition: str | None, context: Mapping[str, Any]) -> bool:
    """Whether the rule is for this sheet."""
    return condition is None or all(_holds(clause, context) for clause in condition.split(" and "))


def unread(condition: str, context: Mapping[str, Any]) -> Iterator[str]:
    """What in it does not do what its author may think, in words; the rule is for more sheets than that."""
    for clause in condition.split(" and "):
        match = _CLAUSE.match(clause)
        if match is None:
            yield f"{clause.strip()[:80]!r} is not of the form NAME OP NUMBER and counts as true"
        elif not isinstance(context.get(match[1]), int):
            yield f"{match[1][:80]!r} is no number that conditions know, so {match[0].strip()[:80]!r} counts as true"
        elif rest := clause[match.end() :].strip():
            yield f"{rest[:80]!r} after {match[0].strip()[:80]!r} is ignored"


def _holds(clause: str, context: Mapping[str, Any]) -> bool:
    match = _CLAUSE.match(clause)
    if match is None:
        return True
    name, sign, number = match.groups()
    value = context.get(name, 0 if name == "sheet_num" else None)
    return not isinstance(value, int) or bool(_OPERATORS[sign](value, int(number)))
