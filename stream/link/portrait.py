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
from stream.link.rings import FEWEST, SURPRISING
from stream.link.surprise import ByAccount, Edges, Floats, Ints, Mask, Sharing

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
    "anew",
)
# How strangely the members act, and how evenly, is counted up to here: what is beyond makes up for
# nothing else. Half of a hackathon act as hardly anybody does, from one hall.
_MOST: Final = {"conduct": 1.5, "strange": 0.35, "even": 1.5}
MOST: Final = np.array([_MOST.get(trait, np.inf) for trait in TRAITS])
# A handful of accounts is alike in something by chance: as if so many more were like everybody.
DOUBT: Final = 4
LEAST_DAY: Final = 0.25  # an account that began an hour ago has no pace yet
SHARERS: Final = 3  # two may be one person
TAKEN_UP: Final = 2  # families of values: one alone may be a new tool
ENOUGH: Final = 50  # established accounts to be a reference
_CIRCUMSTANTIAL: Final = np.isin(np.arange(len(KINDS)), list(CIRCUMSTANTIAL))
_FAMILY: Final = {kind.family: family for kind, family in zip(KINDS, FAMILY, strict=True)}
_IDENTITY: Final = [_FAMILY[f] for f in ("payment", "document", "mail", "phone", "device")]
_CONTENT: Final = [_FAMILY[f] for f in ("system", "text")]
_COLUMN: Final = {name: at for at, name in enumerate(FEATURE_NAMES)}
_ASKED: Final = _COLUMN["requests_count_24h"]
_SEEN: Final = _COLUMN["age_seen_days"]
_NETWORKS: Final = _COLUMN["networks_distinct_30d"]
_BEHAVIOUR: Final = [_COLUMN[name] for facet in behaviour.FEATURES.values() for name in facet]


@dataclass(frozen=True)
class Population:
    """All accounts at one time: `rows` (accounts, features), `score` and `proven` of each; `anew`:
    what those took up that moved (see habits.py)."""

    rows: NDArray[np.floating]
    score: Floats
    proven: Mask
    begun: Ints
    clock: int
    edges: Edges
    sharing: Sharing
    anew: Edges

    @cached_property
    def reference(self) -> Mask:
        """The accounts that strangeness is measured against."""
        return self.proven if self.proven.sum() >= ENOUGH else np.ones(len(self.proven), bool)

    @cached_property
    def conduct(self) -> Floats:
        """Each account's score as a normal deviate of its rank among the reference."""
        return self.conduct_of(np.arange(len(self.proven)), np.zeros(0, np.int64))

    def conduct_of(self, accounts: Ints, ring: Ints) -> Floats:
        """The same of some accounts, among those of the reference that are not of a ring: a large
        one that has come to be established would be the measure of itself."""
        score, own = self.score[accounts], np.sort(self.score[ring[self.reference[ring]]])
        below = np.searchsorted(self._known, score) - np.searchsorted(own, score)
        rank = (below + 0.5) / (len(self._known) - len(own) + 1)
        return np.clip(ndtri(np.minimum(rank, 1 - 1e-6)), -3, 3)

    @cached_property
    def _known(self) -> Floats:
        """The scores of the reference, sorted."""
        return np.sort(self.score[self.reference])

    @cached_property
    def ranks(self) -> NDArray[np.float32]:
        """Ranks of the features of behaviour, -1 to 1."""
        return behaviour.ranks(self.rows[:, _BEHAVIOUR].astype(np.float32))

    @cached_property
    def spread(self) -> np.floating:
        """How far an account's behaviour usually is from everybody's middle."""
        return _spread(self.ranks)

    @cached_property
    def pace(self) -> Floats:
        """log2 of each account's requests a day, of its last day: who uses it now need not have
        made those before."""
        asked, days = self.rows[:, _ASKED].astype(float), self.rows[:, _SEEN].astype(float)
        pace: Floats = np.log2(np.fmax(asked, 1) / np.fmin(np.fmax(days, LEAST_DAY), 1))
        return pace

    @cached_property
    def width(self) -> float:
        """Octaves that the middle half of the reference's paces covers."""
        return _width(self.pace[self.reference])

    @cached_property
    def families(self) -> NDArray[np.int64]:
        """The family of each value."""
        return np.array(FAMILY)[self.edges.kind]

    @cached_property
    def shared(self) -> Mask:
        """The values that some share and that surprise."""
        return (self.sharing.surprise >= SURPRISING) & (self.sharing.accounts >= SHARERS)

    @cached_property
    def used(self) -> ByAccount:
        """What each account used."""
        return ByAccount.ordered(self.edges, len(self.proven))

    @cached_property
    def tying(self) -> ByAccount:
        """The same, of what may tie."""
        return ByAccount.ordered(self.edges.take(self._tie[self.edges.value]), len(self.proven))

    @cached_property
    def showing(self) -> Ints:
        """How many values each account shares that are not circumstantial, at least one."""
        telling = ~_CIRCUMSTANTIAL[self.edges.kind[self.edges.value]]
        shown = np.bincount(self.edges.account[telling], minlength=len(self.proven))
        return np.maximum(shown, 1)

    @cached_property
    def taken_up(self) -> ByAccount:
        """What accounts that moved took up, of what may tie and is no place: a firm that moves
        brings all its people to one."""
        told = self._tie & (self.families != _FAMILY["network"])
        return ByAccount.ordered(self.anew.take(told[self.anew.value]), len(self.proven))

    @cached_property
    def _tie(self) -> Mask:
        """The values that may tie: shared, surprising and not circumstantial."""
        tie: Mask = self.shared & ~_CIRCUMSTANTIAL[self.edges.kind]
        return tie


def counted(account: Ints, family: Ints, accounts: int) -> Ints:
    """Of each of the `accounts`, how many families it is paired with."""
    paired = np.zeros((accounts, len(KINDS)), bool)
    paired[account, family] = True
    told: Ints = paired.sum(axis=1)
    return told


def portrait(population: Population, members: Ints) -> Floats:
    """The TRAITS of a ring; float64[len(TRAITS)]."""
    p, unproven = population, members[~population.proven[members]]
    own = unproven if len(unproven) >= FEWEST else members
    conduct, uses = p.conduct_of(own, members), p.used.of(own)
    together = _most_alike(p, uses, "network") / len(own)
    traits = np.array(
        [
            conduct.mean(),
            (conduct > 1.645).mean(),  # one in twenty of the reference
            np.log2((_share(unproven, members) + 0.05) / (1.05 - p.proven.mean())),
            np.log2(len(members)),
            np.log2(p.width / _width(p.pace[own])) * max(_on_lines(p, own) - together, 0.0),
            1.0 - _spread(p.ranks[own]) / np.maximum(p.spread, 1e-9),
            1.0 - together,
            _sharing(p, uses, _IDENTITY) / len(own),
            _sharing(p, uses, _CONTENT) / len(own),
            p.ranks[own, _BEHAVIOUR.index(_COLUMN["elicitation_mean_7d"])].mean(),
            _most_alike(p, uses, "mail") / len(own),
            _moved_together(p, members) / len(members),
        ]
    )
    told: Floats = np.minimum(traits * len(members) / (len(members) + DOUBT), MOST)
    return told


def _share(part: Ints, whole: Ints) -> float:
    return len(part) / len(whole)


def _width(values: Floats) -> float:
    """How wide the middle half of them is, and a little: a finite answer where all are equal."""
    low, high = np.quantile(values, (0.25, 0.75))
    return float(high - low) + 0.25


def _spread(ranks: NDArray[np.float32]) -> np.floating:
    """How far from their middle they are on average."""
    spread: np.floating = np.abs(ranks - np.median(ranks, axis=0)).mean()
    return spread


def _on_lines(p: Population, members: Ints) -> float:
    """The share of which it is known from where they come."""
    return float((p.rows[members, _NETWORKS] > 0).mean())


def _most_alike(p: Population, uses: Edges, family: str) -> int:
    """How many use the value of a family that most of them use."""
    value = uses.value[p.families[uses.value] == _FAMILY[family]]
    _, count = np.unique(value, return_counts=True)
    return int(count.max(initial=0))


def _sharing(p: Population, uses: Edges, families: list[int]) -> int:
    """How many share a surprising value of these families."""
    among = np.zeros(len(KINDS), bool)
    among[families] = True
    sharing = np.zeros(len(p.proven), bool)
    sharing[uses.account[p.shared[uses.value] & among[p.families[uses.value]]]] = True
    return int(sharing.sum())


def _moved_together(p: Population, members: Ints) -> int:
    """How many moved, and took up values of two families that others took up who moved."""
    uses = p.taken_up.of(members)
    _, value, count = np.unique(uses.value, return_inverse=True, return_counts=True)
    uses = uses.take(count[value] >= SHARERS)
    _, account = np.unique(uses.account, return_inverse=True)
    families = counted(account, p.families[uses.value], len(members))
    return int((families >= TAKEN_UP).sum())
