"""`sheet.skip_when`: an expression over what earlier sheets came to (semantics §2.11).

Python's grammar and none of its machinery: an allow-list of syntax over plain data, bounded in length and in steps. It
is the one expression of a user's that is evaluated outside of a sheet's Pod.
"""

import ast
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

MAX_LENGTH: Final = 1000
"""Characters: no literal, and no result of adding two of them, becomes large."""
MAX_STEPS: Final = 50_000
"""A look at each of 500 sheets costs some five of them each."""
MAX_NUMBER: Final = 1e15
MAX_TEXT: Final = 10_000
NAMES: Final = frozenset({"sheets", "job"})
BUILTINS: Final[Mapping[str, Callable[..., Any]]] = {
    function.__name__: function for function in (len, bool, int, str, any, all, max, min)
}
METHODS: Final[Mapping[type, frozenset[str]]] = {
    dict: frozenset({"get", "keys", "values", "items"}),
    str: frozenset({"lower", "upper", "strip", "startswith", "endswith"}),
}
_BINARY: Final[Mapping[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_COMPARE: Final[Mapping[type[ast.cmpop], Callable[[Any, Any], bool]]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda left, right: left in right,
    ast.NotIn: lambda left, right: left not in right,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
}
_FRAME: Final[tuple[type[ast.AST], ...]] = (ast.Expression, ast.Load, ast.Store, ast.comprehension)
_OPERATORS: Final[tuple[type[ast.AST], ...]] = (ast.And, ast.Or, ast.Not, ast.USub, ast.UAdd)


class SkipExpressionError(Exception):
    """It cannot be evaluated; the sheet runs, and the author is told why."""


@dataclass(frozen=True, slots=True)
class Record:
    """A sheet, or the job: what stands behind the dot."""

    fields: Mapping[str, object]


def problem(expression: str) -> str | None:
    """What is wrong with it whatever the sheets come to, in words; None if nothing is."""
    try:
        tree = _parsed(expression)
    except SkipExpressionError as error:
        return str(error)
    bound = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    known = NAMES | set(BUILTINS) | bound
    unknown = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id not in known]
    return f"{unknown[0]!r} is not defined; there are sheets, job, {', '.join(BUILTINS)}" if unknown else None


def skips(expression: str, sheets: Mapping[int, Record], job: Record) -> bool:
    """Whether it holds; raises `SkipExpressionError`."""
    evaluation = _Evaluation({"sheets": dict(sheets), "job": job, **BUILTINS})
    try:
        return bool(evaluation.value(_parsed(expression).body))
    except SkipExpressionError:
        raise
    except (ArithmeticError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise SkipExpressionError(f"{type(error).__name__}: {error}") from error


def _parsed(expression: str) -> ast.Expression:
    if len(expression) > MAX_LENGTH:
        raise SkipExpressionError(f"it is longer than {MAX_LENGTH} characters")
    try:
        tree = ast.parse(expression.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise SkipExpressionError(f"it is no expression: {getattr(error, 'msg', error)}") from error
    for node in ast.walk(tree):
        if type(node) not in _ALLOWED:
            raise SkipExpressionError(f"{type(node).__name__} is not allowed in it")
    return tree


class _Evaluation:
    """One walk over the tree; `names` grow within a comprehension."""

    def __init__(self, names: dict[str, Any]) -> None:
        self._names, self._steps = names, 0

    def value(self, node: ast.expr) -> Any:  # noqa: ANN401  (whatever the expression gives)
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise SkipExpressionError(f"it takes more than {MAX_STEPS} steps")
        return _EVALUATE[type(node)](self, node)

    def constant(self, node: ast.Constant) -> Any:  # noqa: ANN401
        return node.value

    def name(self, node: ast.Name) -> Any:  # noqa: ANN401
        if node.id not in self._names:
            raise SkipExpressionError(f"{node.id!r} is not defined")
        return self._names[node.id]

    def attribute(self, node: ast.Attribute) -> Any:  # noqa: ANN401
        held = self.value(node.value)
        if isinstance(held, Record):
            if node.attr not in held.fields:
                raise SkipExpressionError(f"there is no field {node.attr!r}")
            return held.fields[node.attr]
        if isinstance(held, str) and node.attr == "value":
            return held  # a status is an enumeration in Marianne, and its own text here
        if node.attr in METHODS.get(type(held), ()):
            return getattr(held, node.attr)
        raise SkipExpressionError(f"{node.attr!r} of a {type(held).__name__} is not allowed")

    def subscript(self, node: ast.Subscript) -> Any:  # noqa: ANN401
        return self.value(node.value)[self.value(node.slice)]

    def call(self, node: ast.Call) -> Any:  # noqa: ANN401
        if node.keywords:
            raise SkipExpressionError("keyword arguments are not allowed in it")
        function = self.value(node.func)
        if not callable(function):
            raise SkipExpressionError("what is called is no function")
        return _bounded(function(*(self.value(each) for each in node.args)))

    def either(self, node: ast.BoolOp) -> Any:  # noqa: ANN401
        for each in node.values:
            result = self.value(each)
            if bool(result) is isinstance(node.op, ast.Or):
                return result
        return result

    def unary(self, node: ast.UnaryOp) -> Any:  # noqa: ANN401
        operand = self.value(node.operand)
        if isinstance(node.op, ast.Not):
            return not operand
        return -operand if isinstance(node.op, ast.USub) else +operand

    def binary(self, node: ast.BinOp) -> Any:  # noqa: ANN401
        left, right = self.value(node.left), self.value(node.right)
        numbers = isinstance(left, int | float) and isinstance(right, int | float)
        if not numbers and not (isinstance(node.op, ast.Add) and type(left) is type(right)):
            raise SkipExpressionError("only numbers are calculated with, and only like is added to like")
        return _bounded(_BINARY[type(node.op)](left, right))

    def compare(self, node: ast.Compare) -> bool:
        left = self.value(node.left)
        for sign, each in zip(node.ops, node.comparators, strict=True):
            right = self.value(each)
            if not _COMPARE[type(sign)](left, right):
                return False
            left = right
        return True

    def choice(self, node: ast.IfExp) -> Any:  # noqa: ANN401
        return self.value(node.body if self.value(node.test) else node.orelse)

    def sequence(self, node: ast.List | ast.Tuple | ast.Set) -> list[Any]:
        return [self.value(each) for each in node.elts]

    def comprehension(self, node: ast.GeneratorExp | ast.ListComp) -> list[Any]:
        outer = dict(self._names)
        made = [self.value(node.elt) for _ in self._rounds(node.generators)]
        self._names = outer
        return made

    def _rounds(self, generators: list[ast.comprehension]) -> Iterator[None]:
        if not generators:
            yield
            return
        first, *rest = generators
        for item in self.value(first.iter):
            self._bind(first.target, item)
            if all(self.value(test) for test in first.ifs):
                yield from self._rounds(rest)

    def _bind(self, target: ast.expr, item: Any) -> None:  # noqa: ANN401
        if isinstance(target, ast.Name):
            self._names[target.id] = item
        elif isinstance(target, ast.Tuple) and len(target.elts) == len(item):
            for each, part in zip(target.elts, item, strict=True):
                self._bind(each, part)
        else:
            raise SkipExpressionError("only names are bound in a comprehension")


_EVALUATE: Final[Mapping[type[ast.expr], Callable[[_Evaluation, Any], Any]]] = {
    ast.Constant: _Evaluation.constant,
    ast.Name: _Evaluation.name,
    ast.Attribute: _Evaluation.attribute,
    ast.Subscript: _Evaluation.subscript,
    ast.Call: _Evaluation.call,
    ast.BoolOp: _Evaluation.either,
    ast.UnaryOp: _Evaluation.unary,
    ast.BinOp: _Evaluation.binary,
    ast.Compare: _Evaluation.compare,
    ast.IfExp: _Evaluation.choice,
    ast.List: _Evaluation.sequence,
    ast.Tuple: _Evaluation.sequence,
    ast.Set: _Evaluation.sequence,
    ast.GeneratorExp: _Evaluation.comprehension,
    ast.ListComp: _Evaluation.comprehension,
}
_ALLOWED: Final[frozenset[type[ast.AST]]] = frozenset((*_FRAME, *_OPERATORS, *_BINARY, *_COMPARE, *_EVALUATE))


def _bounded(value: Any) -> Any:  # noqa: ANN401
    large = isinstance(value, int | float) and abs(value) > MAX_NUMBER
    long = isinstance(value, str | list) and len(value) > MAX_TEXT
    if large or long:
        raise SkipExpressionError("a value in it grows too large")
    return value
