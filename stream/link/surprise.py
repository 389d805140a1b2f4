"""How surprising a shared value is, against what established accounts of this very stream do.

Popularity is not guilt. For each value two tail probabilities are taken from the population: that
an established account's value of this kind is shared by so many, and that so few of those who
share it are established. No constant of another population comes in.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr

from stream.link.kinds import KINDS

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Edges:
    """Who used what: E pairs (account, value), each once; `kind` is each value's, uint8[V]."""

    account: Ints
    value: Ints
    kind: NDArray[np.uint8]

    def take(self, edges: NDArray[np.intp] | Mask) -> "Edges":
        """Some of the pairs, among the same values."""
        return Edges(self.account[edges], self.value[edges], self.kind)


@dataclass(frozen=True, slots=True)
class ByAccount:
    """Pairs in the order of their accounts, and where each account's begin: a search looks at many
    rings, each a small part of all."""

    edges: Edges
    begins: NDArray[np.intp]

    @classmethod
    def ordered(cls, edges: Edges, accounts: int) -> "ByAccount":
        """The pairs of so many accounts."""
        edges = edges.take(np.argsort(edges.account))
        return cls(edges, np.searchsorted(edges.account, np.arange(accounts + 1)))

    def of(self, accounts: Ints) -> Edges:
        """The pairs of some accounts."""
        first, count = self.begins[accounts], np.diff(self.begins)[accounts]
        ahead = np.cumsum(count) - count
        return self.edges.take(np.repeat(first - ahead, count) + np.arange(count.sum()))


@dataclass(frozen=True, slots=True)
class Sharing:
    """Per value: accounts that used it, how many of them are proven, surprise in bans (log10)."""

    accounts: Ints
    proven: Ints
    surprise: Floats


def sharing(edges: Edges, proven: Mask, vouched: Mask) -> Sharing:
    """Count and weigh every value. `proven`: of each account; `vouched`: of each use, whether its
    account is proven and vouches with it (see habits.py).

    A value surprises by what the proven do or by what they vouch for, whichever says more: they
    vouch for little of what everybody asks anew every day, and say less about it so.
    """
    values = len(edges.kind)
    accounts = np.bincount(edges.value, minlength=values)
    shown, told = (
        np.bincount(edges.value, uses, values).astype(np.int64)
        for uses in (proven[edges.account], vouched)
    )
    surprise = np.zeros(values)
    for kind in range(len(KINDS)):
        of_kind = np.flatnonzero(edges.kind == kind)
        if len(of_kind):
            used = accounts[of_kind]
            by_all, by_habit = _surprise(used, shown[of_kind]), _surprise(used, told[of_kind])
            surprise[of_kind] = np.maximum(by_all, by_habit)
    return Sharing(accounts, shown, surprise)


def _surprise(accounts: Ints, proven: Ints) -> Floats:
    """Bans of evidence for values of one kind: rare popularity, and few established among many."""
    rare = _tail(accounts, proven)
    # With a tenth of a doubt: even where nobody unproven was seen yet, some will come.
    base = (proven.sum() + 0.5) / (accounts.sum() + 1.0)
    few = bdtr(proven, accounts, base)
    bans: Floats = -np.log10(np.maximum(rare, 1e-12)) - np.log10(np.maximum(few, 1e-12))
    return bans


def _tail(accounts: Ints, proven: Ints) -> Floats:
    """Share of the established accounts' uses whose value is used by at least so many accounts."""
    uses = np.cumsum(np.bincount(accounts, proven)[::-1])[::-1]
    tail: Floats = (uses[accounts] + 1.0) / (proven.sum() + 2.0)
    return tail
