"""A program: the steps of many expressions over a batch's columns, each worked out once.

Array operations cost about a microsecond a call whatever they do, so what counts on a batch is
how many there are: what several expressions share is one step.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float32]
Values = NDArray[Any]
Operation = Callable[..., Values]
_Step = tuple[Operation | None, tuple[Any, ...]]


class Program:
    """Steps in an order in which each follows its operands; a place is where a step stands."""

    def __init__(self) -> None:
        self._places: dict[_Step, int] = {}
        self._columns: list[int] = []

    def column(self, number: int) -> int:
        """The place of a column of the rows."""
        if number not in self._columns:
            self._columns.append(number)
        return self._place((None, ("column", number)))

    def constant(self, value: float) -> int:
        """The place of a number, as precise as the features."""
        return self._place((None, ("constant", np.float32(value))))

    def step(self, operation: Operation, *operands: int) -> int:
        """The place of an operation on what stands at `operands`."""
        return self._place((operation, operands))

    def _place(self, step: _Step) -> int:
        return self._places.setdefault(step, len(self._places))

    def run(self, rows: Rows, wanted: Sequence[int]) -> list[Values]:
        """float32[n, features] -> what stands at the places `wanted`."""
        # One pass over the rows: a column of theirs is spread over as many cache lines.
        columns = np.ascontiguousarray(rows[:, self._columns].T)
        found: list[Values] = []
        with np.errstate(all="ignore"):  # infinite and not known are answers here
            for operation, operands in self._places:
                if operation:
                    found.append(operation(*[found[place] for place in operands]))
                elif operands[0] == "column":
                    found.append(columns[self._columns.index(operands[1])])
                else:
                    found.append(operands[1])
        return [found[place] for place in wanted]


def ratio(above: Values, below: Values) -> Values:
    """Division; by zero it is not known."""
    return np.where(below == 0, np.float32(np.nan), above / below)


def first_known(first: Values, second: Values) -> Values:
    """The first of two that is known."""
    return np.where(np.isnan(first), second, first)


def differs(one: Values, other: Values) -> Values:
    """Whether both are known and are two: NumPy's own takes what is not known for different."""
    answer: Values = (one < other) | (one > other)
    return answer


def is_known(value: Values) -> Values:
    """Whether it is known."""
    answer: Values = ~np.isnan(value)
    return answer
