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
class Sharing:
    """Per value: accounts that used it, how many of them vouch for it, surprise in bans (log10)."""

    accounts: Ints
    vouched: Ints
    surprise: Floats


def sharing(edges: Edges, vouched: Mask) -> Sharing:
    """Count and weigh every value; `vouched`: of each use, whether its account vouches with it."""
    values = len(edges.kind)
    accounts = np.bincount(edges.value, minlength=values)
    told = np.bincount(edges.value, vouched, values).astype(np.int64)
    surprise = np.zeros(values)
    for kind in range(len(KINDS)):
        of_kind = np.flatnonzero(edges.kind == kind)
        if len(of_kind):
            surprise[of_kind] = _surprise(accounts[of_kind], told[of_kind])
    return Sharing(accounts, told, surprise)


def _surprise(accounts: Ints, vouched: Ints) -> Floats:
    """Bans of evidence for values of one kind: rare popularity, and few established among many."""
    rare = _tail(accounts, vouched)
    # With a tenth of a doubt: even where nobody unvouched was seen yet, some will come.
    base = (vouched.sum() + 0.5) / (accounts.sum() + 1.0)
    few = bdtr(vouched, accounts, base)
    bans: Floats = -np.log10(np.maximum(rare, 1e-12)) - np.log10(np.maximum(few, 1e-12))
    return bans


def _tail(accounts: Ints, vouched: Ints) -> Floats:
    """Share of the established accounts' uses whose value is used by at least so many accounts."""
    uses = np.cumsum(np.bincount(accounts, vouched)[::-1])[::-1]
    tail: Floats = (uses[accounts] + 1.0) / (vouched.sum() + 2.0)
    return tail
