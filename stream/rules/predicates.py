"""Conditions in SQL over named columns, made into steps of a program.

SQL knows three truths, and a rule holds only where its condition is true. What is not known is
NaN, and a comparison with NaN is false both as it stands and turned round (`>` and `<=`). So NOT
is pushed down to the comparisons, and a truth takes one array, not two.
"""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Final

import numpy as np
from sqlglot import exp, parse
from sqlglot.errors import SqlglotError

from stream.rules.program import Operation, Program, differs, first_known, is_known, ratio

LONGEST: Final = 1_000  # characters of a condition

Node = exp.Expression

_TRUE: Final[Mapping[type[Node], Operation]] = {
    exp.GT: np.greater,
    exp.GTE: np.greater_equal,
    exp.LT: np.less,
    exp.LTE: np.less_equal,
    exp.EQ: np.equal,
    exp.NEQ: differs,
}
_FALSE: Final[Mapping[type[Node], Operation]] = {
    exp.GT: np.less_equal,
    exp.GTE: np.less,
    exp.LT: np.greater_equal,
    exp.LTE: np.greater,
    exp.EQ: differs,
    exp.NEQ: np.equal,
}
_ARITHMETIC: Final[Mapping[type[Node], Operation]] = {
    exp.Add: np.add,
    exp.Sub: np.subtract,
    exp.Mul: np.multiply,
    exp.Div: ratio,
}
# Of any number of operands; the least and the greatest of those that are known, as in PostgreSQL.
_FUNCTIONS: Final[Mapping[type[Node], Operation]] = {
    exp.Coalesce: first_known,
    exp.Least: np.fmin,
    exp.Greatest: np.fmax,
}
_LARGEST: Final = float(np.finfo(np.float32).max)
# What the parser notes about these and means nothing here.
_NOTES: Final = {"typed", "safe", "ignore_nulls", "quoted", "is_string"}


class Predicates:
    """Makes steps of conditions; `names`: the columns of the rows, in their order."""

    def __init__(self, names: Sequence[str], program: Program) -> None:
        self._numbers = {name: number for number, name in enumerate(names)}
        self._program = program

    def add(self, condition: str) -> int:
        """The place in the program of where a condition is true.

        Raises ValueError, with what is wrong, unless it is one condition over columns, made of
        AND, OR, NOT, comparisons, BETWEEN, IN, IS NULL, arithmetic, and the functions ABS,
        COALESCE, GREATEST and LEAST.
        """
        tree = _parsed(condition)
        if not tree.find(exp.Column):
            raise ValueError("names no feature")
        try:
            return self._truth(tree, wanted=True)
        except RecursionError as error:
            raise ValueError("is nested too deeply") from error

    def _truth(self, node: Node, *, wanted: bool) -> int:
        """Where a condition is true, or, with `wanted` False, where it is false."""
        match node:
            case exp.Paren():
                return self._truth(_only(node, "this"), wanted=wanted)
            case exp.Not():
                return self._truth(_only(node, "this"), wanted=not wanted)
            case exp.And() | exp.Or():
                both = isinstance(node, exp.And) == wanted
                return self._join(_pair(node), both=both, wanted=wanted)
            case exp.Between():
                return self._between(node, wanted=wanted)
            case exp.In():
                return self._among(node, wanted=wanted)
        return self._compare(node, wanted=wanted)

    def _compare(self, node: Node, *, wanted: bool) -> int:
        if isinstance(node, exp.Is) and isinstance(node.expression, exp.Null):
            value = self._number(_pair(node)[0])
            return self._program.step(np.isnan if wanted else is_known, value)
        operation = (_TRUE if wanted else _FALSE).get(type(node))
        if operation is None:
            raise ValueError(f"`{node.sql()}` is not a condition, or not one that a rule may use")
        return self._program.step(operation, *map(self._number, _pair(node)))

    def _join(self, conditions: Sequence[Node], *, both: bool, wanted: bool) -> int:
        joined = np.logical_and if both else np.logical_or
        places = [self._truth(one, wanted=wanted) for one in conditions]
        return self._fold(joined, places)

    def _between(self, node: exp.Between, *, wanted: bool) -> int:
        _only(node, "this", "low", "high")
        least = exp.GTE(this=node.this, expression=node.args["low"])
        most = exp.LTE(this=node.this, expression=node.args["high"])
        return self._join([least, most], both=wanted, wanted=wanted)

    def _among(self, node: exp.In, *, wanted: bool) -> int:
        _only(node, "this", "expressions")
        if not node.expressions:
            raise ValueError(f"`{node.sql()}` lists nothing")
        equal = [exp.EQ(this=node.this, expression=one) for one in node.expressions]
        return self._join(equal, both=not wanted, wanted=wanted)

    def _number(self, node: Node) -> int:
        match node:
            case exp.Column():
                return self._column(node)
            case exp.Literal(is_string=False):
                return self._program.constant(_finite(node))
            case exp.Paren():
                return self._number(_only(node, "this"))
            case exp.Neg():
                return self._program.step(np.negative, self._number(_only(node, "this")))
            case exp.Abs():
                return self._program.step(np.abs, self._number(_only(node, "this")))
        return self._combined(node)

    def _combined(self, node: Node) -> int:
        if operation := _ARITHMETIC.get(type(node)):
            return self._program.step(operation, *map(self._number, _pair(node)))
        if operation := _FUNCTIONS.get(type(node)):
            operands = [_only(node, "this", "expressions"), *node.expressions]
            return self._fold(operation, [self._number(one) for one in operands])
        raise ValueError(f"`{node.sql()}` is not a number, or not one that a rule may use")

    def _fold(self, operation: Operation, places: Sequence[int]) -> int:
        folded, *rest = places
        for place in rest:
            folded = self._program.step(operation, folded, place)
        return folded

    def _column(self, node: exp.Column) -> int:
        _only(node, "this")
        name = node.name
        if name in self._numbers:
            return self._program.column(self._numbers[name])
        near = get_close_matches(name, self._numbers, n=1)
        hint = f"; did you mean `{near[0]}`?" if near else ""
        raise ValueError(f"there is no feature `{name}`{hint}")


def _parsed(condition: str) -> Node:
    """The tree of the one expression that a text holds."""
    if len(condition) > LONGEST:
        raise ValueError(f"is longer than {LONGEST:,} characters")
    try:
        statements = parse(condition)
    except SqlglotError as error:
        # Without the parser's excerpt, which marks the place with a terminal's colours.
        found = getattr(error, "errors", None) or [{"description": "cannot be read", "col": 1}]
        text = f"{found[0]['description']} at character {found[0]['col']}"
        raise ValueError(f"is not SQL: {text}") from error
    except RecursionError as error:
        raise ValueError("is nested too deeply") from error
    if len(statements) != 1 or not isinstance(statements[0], Node):
        raise ValueError("must be one condition")
    return statements[0]


def _only(node: Node, *parts: str) -> Node:
    """The operand of a node that has no parts but these."""
    if odd := [name for name, part in node.args.items() if part and name not in {*parts, *_NOTES}]:
        raise ValueError(f"`{node.sql()}`: {odd[0]} is not what a rule may use")
    operand: Node = node.this
    return operand


def _pair(node: Node) -> tuple[Node, Node]:
    """The operands of a node that has two."""
    return _only(node, "this", "expression"), node.expression


def _finite(node: exp.Literal) -> float:
    try:
        value = float(node.this)
    except ValueError:
        raise ValueError(f"`{node.sql()}` is not a number") from None
    if value > _LARGEST:
        raise ValueError(f"`{node.sql()}` is too large a number")
    return value
