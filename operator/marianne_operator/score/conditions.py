"""Conditions of validations (semantics §6.3).

`NAME OP NUMBER`, joined by ` and `. What is not of that form, and what speaks of something unknown, is true: Marianne's
documented behaviour, which authors rely on.
"""

import operator
import re
from collections.abc import Mapping
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


def _holds(clause: str, context: Mapping[str, Any]) -> bool:
    match = _CLAUSE.match(clause)
    if match is None:
        return True
    name, sign, number = match.groups()
    value = context.get(name, 0 if name == "sheet_num" else None)
    return not isinstance(value, int) or bool(_OPERATORS[sign](value, int(number)))
