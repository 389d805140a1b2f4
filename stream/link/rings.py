"""Rings: accounts joined by two or more surprising values of different kinds.

Two accounts are joined when they share a pair of values of two families. Pairs, not values, carry
the join, so that one popular value glues nothing together, and the work grows with the accounts'
own values, never with the square of those who share one. What hangs together by a thread is then
cut by modularity (Louvain on accounts and values, Barber 2007), and who has little in common with
its ring is let go.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_matrix
from scipy.sparse.csgraph import connected_components
from sknetwork.clustering import Louvain

from stream.link.kinds import FAMILY, KINDS
from stream.link.surprise import Edges, Floats, Ints, Sharing

SURPRISING = 2.0  # bans: a value as shared as one in a hundred of established accounts' values
FEWEST = 4  # members: three may be a family
# Of each family, an account's most surprising values; their pairs are what it can be joined by.
MOST_VALUES = 3
# Two popular values meet in some accounts by chance. A ring may be half of a population, so the
# values of its members need not meet much more often than that.
CHANCE = 2.0
# Below 1, modularity prefers few large groups: a ring of several crews stays one.
RESOLUTION = 0.5
PART_RESOLUTION = 1.0  # modularity as it is defined: crews, classes, firms
# A member has at least this share of the ties that the middle member has.
LOOSEST = 0.5
_NONE = np.zeros(0, np.int64)


def rings(edges: Edges, shared: Sharing, accounts: int) -> list[Ints]:
    """Groups of at least FEWEST of the `accounts`, sorted, each account in one at most."""
    strong = (shared.surprise >= SURPRISING) & (shared.accounts >= FEWEST)
    kept = _strongest(edges.take(strong[edges.value]), shared.surprise)
    owner, pair, chance = _pairs(kept, shared.accounts / max(accounts, 1))
    component = _components(owner, pair, chance * accounts, accounts)
    rarity = _rarity(shared, accounts)
    found = []
    for one in _split(kept, component[kept.account]):
        ties = _Ties.of(one, rarity, shared.accounts, accounts)
        found += [ties.account[group] for part in ties.communities() for group in ties.core(part)]
    return found


def parts(edges: Edges, shared: Sharing, ring: Ints) -> list[Ints]:
    """The communities within a ring, sorted, each member in one."""
    inside = np.zeros(int(edges.account.max(initial=0)) + 1, bool)
    inside[ring] = True
    strong = (shared.surprise >= SURPRISING) & (shared.accounts >= FEWEST)
    kept = _strongest(edges.take(strong[edges.value] & inside[edges.account]), shared.surprise)
    ties = _Ties.of(kept, _rarity(shared, len(inside)), shared.accounts, len(inside))
    return [ties.account[group] for group in ties.communities(PART_RESOLUTION)]


def _rarity(shared: Sharing, accounts: int) -> Floats:
    """How much a value ties who uses it, in bans: little where nearly all of the accounts do."""
    rarity: Floats = np.log10(np.maximum(accounts / np.maximum(shared.accounts, 1), 1.05))
    return rarity


def _strongest(edges: Edges, surprise: Floats) -> Edges:
    """Each account's MOST_VALUES most surprising values of each family, sorted by account."""
    values = len(edges.kind)
    standing = np.zeros(values, np.int64)
    standing[np.argsort(-surprise, kind="stable")] = np.arange(values)
    place = edges.account * len(KINDS) + np.array(FAMILY)[edges.kind[edges.value]]
    order = np.argsort(place * values + standing[edges.value])
    place = place[order]
    rank = np.arange(len(place)) - np.searchsorted(place, place)
    return edges.take(order[rank < MOST_VALUES])


def _pairs(edges: Edges, share: Floats) -> tuple[Ints, Ints, Floats]:
    """Of each account, the pairs of its values of two families: owner, pair, expected share."""
    family = np.array(FAMILY)[edges.kind[edges.value]]
    most = int(np.bincount(edges.account).max(initial=1))
    owners, firsts, seconds = [_NONE], [_NONE], [_NONE]
    for apart in range(1, most):
        here = np.flatnonzero(edges.account[apart:] == edges.account[:-apart])
        here = here[family[here] != family[here + apart]]
        one, two = edges.value[here], edges.value[here + apart]
        owners.append(edges.account[here])
        firsts.append(np.minimum(one, two))
        seconds.append(np.maximum(one, two))
    owner, first, second = map(np.concatenate, (owners, firsts, seconds))
    return owner, first * len(share) + second, share[first] * share[second]


def _components(owner: Ints, pair: Ints, by_chance: Floats, accounts: int) -> Ints:
    """The component of each account, -1 for those that nothing joins."""
    order = np.argsort(pair)  # np.unique sorts stably, which takes three times as long
    begins = np.flatnonzero(np.diff(pair[order], prepend=-1))
    count = np.diff(begins, append=len(pair))
    joins = (count >= FEWEST) & (count >= CHANCE * by_chance[order[begins]])
    used = owner[order[np.repeat(joins, count)]]
    node = accounts + np.repeat(np.arange(joins.sum()), count[joins])
    size = accounts + int(joins.sum())
    graph = coo_array((np.ones(len(used), np.int8), (used, node)), shape=(size, size))
    _, label = connected_components(graph, directed=False)
    joined = np.zeros(accounts, bool)
    joined[used] = True
    return np.where(joined, label[:accounts], -1)


def _split(edges: Edges, component: Ints) -> Iterator[Edges]:
    """The edges of each component."""
    order = np.argsort(component, kind="stable")
    order = order[component[order] >= 0]
    bounds = np.flatnonzero(np.diff(component[order])) + 1
    return (edges.take(part) for part in np.split(order, bounds) if len(part))


class _Ties:
    """One component: its accounts, their values, and how strongly a value ties."""

    def __init__(
        self, account: Ints, owner: Ints, value: Ints, weight: Floats, uses: Ints, accounts: int
    ) -> None:
        self.account = account
        self._accounts = accounts
        self._owner = owner  # of each edge, an index into `account`
        self._value = value  # an index into `uses`: by how many accounts at all it is used
        self._weight = weight  # of each edge
        self._uses = uses

    @classmethod
    def of(cls, edges: Edges, rarity: Floats, uses: Ints, accounts: int) -> "_Ties":
        """The ties of a component's edges."""
        account, owner = np.unique(edges.account, return_inverse=True)
        values, value = np.unique(edges.value, return_inverse=True)
        return cls(account, owner, value, rarity[edges.value], uses[values], accounts)

    def communities(self, resolution: float = RESOLUTION) -> list[NDArray[np.intp]]:
        """Indices into `account`, by community."""
        if len(self.account) < 2 * FEWEST:
            return [np.arange(len(self.account))]
        shape = (len(self.account), len(self._uses))
        graph = csr_matrix((self._weight, (self._owner, self._value)), shape=shape)
        # Labels alone: what else it can tell costs as much again.
        louvain = Louvain(
            resolution=resolution, random_state=0, return_probs=False, return_aggregate=False
        )
        label = louvain.fit_predict(graph, force_bipartite=True)
        return [np.flatnonzero(label == one) for one in np.unique(label)]

    def core(self, group: NDArray[np.intp]) -> list[NDArray[np.intp]]:
        """The group without those who hang on it loosely; empty when too few are left."""
        while len(group) >= FEWEST:
            tie = self._strength(group)[group]
            tied = tie >= LOOSEST * np.median(tie)
            if tied.all():
                return [group]
            group = group[tied]
        return []

    def _strength(self, group: NDArray[np.intp]) -> Floats:
        """Per account, the rarity of its values, each by the group's share of who uses it."""
        inside = np.zeros(len(self.account), bool)
        inside[group] = True
        here = self._value[inside[self._owner]]
        share = np.bincount(here, minlength=len(self._uses)) / self._uses
        usual = len(group) / self._accounts
        lift = np.maximum(share - usual, 0) / max(1 - usual, 1e-9)
        weight = self._weight * lift[self._value]
        return np.bincount(self._owner, weight, len(self.account)).astype(np.float64)
