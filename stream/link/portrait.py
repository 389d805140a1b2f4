"""The portrait of a ring: how it differs, as a group, from the population of this stream.

Every number is relative to the established accounts of the same stream (to all of them while few
are established), so that it means the same at another provider.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from schemas.features import FEATURE_NAMES
from stream.link import behaviour
from stream.link.kinds import CIRCUMSTANTIAL, FAMILY, KINDS
from stream.link.surprise import Edges, Floats, Ints, Mask, Sharing

TRAITS: Final = (
    "conduct",
    "strange",
    "unproven",
    "size",
    "even",
    "alike",
    "apart",
    "identity",
    "content",
    "elicits",
    "together",
)
# A handful of accounts is alike in something by chance: as if so many more were like everybody.
DOUBT: Final = 4
APART_BY: Final = 1.5  # standard deviations of the established accounts
TIED: Final = 2  # families of values: one alone may be a popular tool
OWN_SHARE: Final = 0.5
ENOUGH: Final = 50  # established accounts to be a reference
_IDENTITY: Final = ("payment", "document", "mail", "phone", "device")
_CIRCUMSTANTIAL: Final = list(CIRCUMSTANTIAL)
_CONTENT: Final = ("system", "text")
_COLUMN: Final = {name: at for at, name in enumerate(FEATURE_NAMES)}
_BEHAVIOUR: Final = [_COLUMN[name] for facet in behaviour.FEATURES.values() for name in facet]


@dataclass(frozen=True)
class Population:
    """All accounts at one time: `rows` (accounts, features), `score` and `proven` of each."""

    rows: NDArray[np.floating]
    score: Floats
    proven: Mask
    begun: Ints
    requests: Ints
    clock: int
    edges: Edges
    sharing: Sharing

    @cached_property
    def reference(self) -> Mask:
        """The accounts that strangeness is measured against."""
        return self.proven if self.proven.sum() >= ENOUGH else np.ones(len(self.proven), bool)

    @cached_property
    def conduct(self) -> Floats:
        """Each account's score as a normal deviate of its rank among the reference."""
        known = np.sort(self.score[self.reference])
        rank = (np.searchsorted(known, self.score) + 0.5) / (len(known) + 1)
        return np.clip(ndtri(np.minimum(rank, 1 - 1e-6)), -3, 3)

    @cached_property
    def ranks(self) -> NDArray[np.float32]:
        """Ranks of the features of behaviour, -1 to 1."""
        return behaviour.ranks(self.rows[:, _BEHAVIOUR].astype(np.float32))

    @cached_property
    def pace(self) -> Floats:
        """log2 of each account's requests a day since it began."""
        days = np.maximum((self.clock - self.begun) / 86_400_000, 0.5)
        return np.log2(np.maximum(self.requests, 1) / np.minimum(days, 30))

    @cached_property
    def families(self) -> NDArray[np.int64]:
        """The family of each value."""
        return np.array(FAMILY)[self.edges.kind]


def likely(population: Population, ring: Ints) -> Ints:
    """The members of a ring without those who only seem to belong to it.

    Behaviour is never quite alike by chance alone: somebody honest may work at the same pace on
    the same things. Who shows less than two kinds of the ring's other values, and acts much less
    strangely than its members do, is let go.
    """
    tied = ties(population, ring) >= TIED
    while len(ring):
        conduct = population.conduct[ring]
        kept = tied | (conduct >= conduct.mean() - APART_BY)
        if kept.all():
            break
        ring, tied = ring[kept], tied[kept]
    return ring


def ties(p: Population, ring: Ints) -> Ints:
    """By how many families of values each member is tied to a ring: of values that are surprising,
    not circumstantial, and whose users are a good part of the ring."""
    uses = _member_uses(p, ring) & (p.sharing.surprise[p.edges.value] >= 2.0)
    uses &= ~np.isin(p.edges.kind[p.edges.value], _CIRCUMSTANTIAL)
    inside = np.bincount(p.edges.value[uses], minlength=len(p.edges.kind))
    own = (inside >= 3) & (inside >= OWN_SHARE * p.sharing.accounts)
    shown = np.flatnonzero(uses & own[p.edges.value])
    place = p.edges.account[shown] * len(KINDS) + p.families[p.edges.value[shown]]
    counted = np.bincount(np.unique(place) // len(KINDS), minlength=len(p.proven))
    return counted[ring].astype(np.int64)


def portrait(population: Population, members: Ints) -> Floats:
    """The TRAITS of a ring; float64[len(TRAITS)]."""
    p, unproven = population, members[~population.proven[members]]
    own = unproven if len(unproven) else members
    conduct = p.conduct[own]
    traits = np.array(
        [
            conduct.mean(),
            (conduct > 1.645).mean(),  # one in twenty of the reference
            np.log2((_share(unproven, members) + 0.05) / (1.05 - p.proven.mean())),
            np.log2(len(members)),
            _narrower(p.pace[own], p.pace[p.reference]),
            _alike(p, own),
            1.0 - _largest_share(p, own, "network"),
            _sharing(p, own, _IDENTITY),
            _sharing(p, own, _CONTENT),
            p.ranks[own, _BEHAVIOUR.index(_COLUMN["elicitation_mean_7d"])].mean(),
            _largest_share(p, own, "mail"),
        ]
    )
    return traits * len(members) / (len(members) + DOUBT)


def _share(part: Ints, whole: Ints) -> float:
    return len(part) / len(whole)


def _narrower(own: Floats, others: Floats) -> float:
    """By how many octaves the middle half of `own` is narrower than that of the others."""

    def width(values: Floats) -> float:
        low, high = np.quantile(values, (0.25, 0.75))
        return float(high - low) + 0.25  # a finite answer where all are equal

    return float(np.log2(width(others) / width(own)))


def _alike(p: Population, own: Ints) -> float:
    """How much closer to each other's middle than anybody is: 0 as all, 1 the same."""
    spread = np.abs(p.ranks[own] - np.median(p.ranks[own], axis=0)).mean()
    usual = np.abs(p.ranks - np.median(p.ranks, axis=0)).mean()
    return float(1.0 - spread / max(usual, 1e-9))


def _largest_share(p: Population, own: Ints, family: str) -> float:
    """The share of members that use the value of a family that most of them use."""
    number = next(FAMILY[i] for i, kind in enumerate(KINDS) if kind.family == family)
    uses = _member_uses(p, own) & (p.families[p.edges.value] == number)
    if not uses.any():
        return 0.0
    _, count = np.unique(p.edges.value[uses], return_counts=True)
    return float(count.max() / len(own))


def _sharing(p: Population, own: Ints, families: tuple[str, ...]) -> float:
    """The share of members that share a surprising value of these families."""
    numbers = [FAMILY[i] for i, kind in enumerate(KINDS) if kind.family in families]
    uses = _member_uses(p, own) & np.isin(p.families[p.edges.value], numbers)
    uses &= (p.sharing.surprise[p.edges.value] >= 2.0) & (p.sharing.accounts[p.edges.value] >= 3)
    return len(np.unique(p.edges.account[uses])) / len(own)


def _member_uses(p: Population, own: Ints) -> Mask:
    member = np.zeros(len(p.proven), bool)
    member[own] = True
    return member[p.edges.account]
