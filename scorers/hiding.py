"""Hiding: rows as they look where a family of columns is not known.

A provider without account events knows no identity, one without a linker no links, and the linker
asks for the score of conduct alone. A model that never saw such rows would take their silence for
an answer; one that always saw every column would lean on who an account is, and learn too little
of what it does.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, combinations
from typing import Final

import numpy as np

from scorers.inputs import Inputs
from scorers.sessions import Rows

SHARE: Final = 0.5  # of the rows lack a family: a quarter lacks both of two


def hidden_at_random(rows: Rows, inputs: Inputs, seed: int) -> Rows:
    """A copy of float32[n, inputs] in which each family is hidden in SHARE of the rows, whatever
    their label and whatever else is hidden."""
    random = np.random.default_rng((seed, 0x41DE))
    shown = rows.copy()
    for family in inputs.families.values():
        without = np.flatnonzero(random.random(len(rows)) < SHARE)
        shown[without[:, None], _columns(inputs, family)] = np.nan
    return shown


def views(rows: Rows, inputs: Inputs) -> Iterator[tuple[str, Rows]]:
    """The rows with every choice of families hidden, by what is left out; first "", nothing."""
    for hidden in _choices(inputs.families):
        names = chain.from_iterable(inputs.families[name] for name in hidden)
        shown = rows.copy()
        shown[:, _columns(inputs, names)] = np.nan
        yield " and ".join(hidden), shown


def _choices(families: Mapping[str, object]) -> Iterable[tuple[str, ...]]:
    return chain.from_iterable(combinations(families, size) for size in range(len(families) + 1))


def _columns(inputs: Inputs, names: Iterable[str]) -> list[int]:
    return [inputs.names.index(name) for name in names]
