"""The population at one time, as a search sees it: what every ring is measured against."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from schemas.features import FEATURE_NAMES
from stream.link import behaviour
from stream.link.kinds import CIRCUMSTANTIAL, FAMILY, KIND, KINDS
from stream.link.rings import SURPRISING
from stream.link.surprise import ByAccount, Edges, Floats, Ints, Mask, Sharing

COLUMN: Final = {name: at for at, name in enumerate(FEATURE_NAMES)}
BEHAVIOUR: Final = [COLUMN[name] for facet in behaviour.FEATURES.values() for name in facet]
LEAST_DAY: Final = 0.25  # an account that began an hour ago has no pace yet
HALF_TOLD: Final = 3  # requests that tell half of how an account acts
SHARERS: Final = 3  # two may be one person
ENOUGH: Final = 50  # established accounts to be a reference
_CIRCUMSTANTIAL: Final = np.isin(np.arange(len(KINDS)), list(CIRCUMSTANTIAL))
_NETWORK: Final = FAMILY[KIND["asn"]]
_ASKED: Final = COLUMN["requests_count_24h"]
_SEEN: Final = COLUMN["age_seen_days"]


@dataclass(frozen=True)
class Population:
    """All accounts at one time: `rows` (accounts, features), `score`, `proven` and
    `requests` so far of each; `anew`: what those took up that moved (see habits.py)."""

    rows: NDArray[np.floating]
    score: Floats
    proven: Mask
    requests: Ints
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
    def acquaintance(self) -> Floats:
        """How far each account's requests tell how it acts, 0 to 1: the first hour of whoever tries
        a product out is not like the month of those who use it."""
        told: Floats = self.requests / (self.requests + HALF_TOLD)
        return told

    @cached_property
    def _known(self) -> Floats:
        """The scores of the reference, sorted."""
        return np.sort(self.score[self.reference])

    @cached_property
    def ranks(self) -> NDArray[np.float32]:
        """Ranks of the features of behaviour, -1 to 1."""
        return behaviour.ranks(self.rows[:, BEHAVIOUR].astype(np.float32))

    @cached_property
    def spread(self) -> np.floating:
        """How far an account's behaviour usually is from everybody's middle."""
        return spread(self.ranks)

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
        return width(self.pace[self.reference])

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
        told = self._tie & (self.families != _NETWORK)
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


def width(values: Floats) -> float:
    """How wide the middle half of them is, and a little: a finite answer where all are equal."""
    low, high = np.quantile(values, (0.25, 0.75))
    return float(high - low) + 0.25


def spread(ranks: NDArray[np.float32]) -> np.floating:
    """How far from their middle they are on average."""
    spread: np.floating = np.abs(ranks - np.median(ranks, axis=0)).mean()
    return spread
