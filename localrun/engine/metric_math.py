"""CloudWatch's metric math, as far as the stack's alarms use it.

Numbers, names, + - * /, comparisons, IF and FILL, for one period at a time; anything else is
refused.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping

Value = float | None
"""None: there is no value in this period."""

_ARITHMETIC: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_COMPARISONS: Mapping[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


class MathError(Exception):
    """An expression that is not understood here."""


def evaluate(expression: str, values: Mapping[str, Value]) -> Value:
    """The expression's value; what has no value makes none, except within FILL and in the branch of
    an IF that is not taken. So does a division by zero."""
    # the syntax of what is understood here is the same as Python's
    return _evaluate(ast.parse(expression, mode="eval").body, values)


def _evaluate(node: ast.expr, values: Mapping[str, Value]) -> Value:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name) if name in values:
            return values[name]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
            return _calculate(_ARITHMETIC[type(op)], left, right, values)
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARISONS:
            return _calculate(_COMPARISONS[type(op)], left, right, values)
        case ast.Call(func=ast.Name(id="IF"), args=[condition, then, otherwise]):
            holds = _evaluate(condition, values)
            return None if holds is None else _evaluate(then if holds else otherwise, values)
        case ast.Call(func=ast.Name(id="FILL"), args=[filled, by]):
            value = _evaluate(filled, values)
            return _evaluate(by, values) if value is None else value
    raise MathError(f"not understood: {ast.unparse(node)}")


def _calculate(
    how: Callable[[float, float], float],
    left: ast.expr,
    right: ast.expr,
    values: Mapping[str, Value],
) -> Value:
    first, second = _evaluate(left, values), _evaluate(right, values)
    if first is None or second is None or (how is operator.truediv and second == 0):
        return None
    return float(how(first, second))
