"""The linker: a fold over touches, in one order, that finds campaigns and answers their members.

It looks for rings each time that enough is new, by the touches' own clock. Everything that comes
out depends on the touches and their order alone, so a linker that starts again and folds the same
touches says the same. Between searches a new account that shows what ties a campaign together
joins it at once.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from stream.link.belonging import is_own, likely, ties
from stream.link.campaigns import FADING, Campaign, Register, campaign_id
from stream.link.kinds import KIND
from stream.link.ledger import Ledger
from stream.link.notice import Notice
from stream.link.noticing import Noticing
from stream.link.parting import parted
from stream.link.population import Population
from stream.link.portrait import portrait
from stream.link.rings import FEWEST, SURPRISING, rings
from stream.link.surprise import Floats, Ints
from stream.link.survey import survey
from stream.link.telling import Telling
from stream.link.touches import Touch
from stream.link.weighing import Weights

HOUR_MS = 3_600_000
SOONEST_MS = HOUR_MS // 4
LATEST_MS = HOUR_MS
NEW = 8  # requests up to which a touch tells much that was not known
NEWS = 0.05  # a search is due when as many of those came as this share of the accounts, or
FEWEST_NEWS = 32  # as many as this
KEY_SHARE = 0.5  # a value is a campaign's own when this share of who uses it are members
# It tells who comes with it for one more when this share are: a ring in the guise of a popular
# agent is most of whom its program brings, and the next one who brings it is as likely honest.
TELLING_SHARE = 0.8
KEPT_MS = 24 * HOUR_MS  # a member that no search finds for so long is let go
# Who shows nothing else of a ring's than its behaviour has to stay in it before it counts, and so
# has an established account that shows less than two kinds of values: who is honest and only
# happens to be near does not stay for long.
PROBATION_MS = 12 * HOUR_MS
PROBATION_ESTABLISHED_MS = 24 * HOUR_MS


@dataclass(frozen=True, slots=True)
class Changes:
    """What a fold brought about: campaigns to tell of, members whose answer to look at, what the
    gate is to be told of accounts, and the names of accounts that were not seen for so long that
    they left. Numbers hold until the next fold."""

    campaigns: list[Campaign] = field(default_factory=list)
    accounts: list[int] = field(default_factory=list)
    notices: list[tuple[int, Notice]] = field(default_factory=list)
    searched: bool = False
    gone: list[str] = field(default_factory=list)


class Forgotten(NamedTuple):
    """An account that was forgotten: the partition of its events, its campaign."""

    partition: int
    campaign: Campaign | None


Witness = Callable[[Ints, Floats], None]


class Linker:
    """Folds touches. `opens`: the score from which a ring is a campaign; `blind`: families of
    links to do without (ablation); `witness`: sees every ring and its portrait (training)."""

    def __init__(
        self,
        weights: Weights,
        opens: float,
        blind: frozenset[str] = frozenset(),
        witness: Witness | None = None,
    ) -> None:
        self.ledger = Ledger()
        self.register = Register()
        self._weights = weights
        self.opens = opens
        self._blind = {kind for name, kind in KIND.items() if name in blind}
        self._witness = witness
        self._searched = 0
        self._news = 0
        self._telling = Telling()
        self._noticing = Noticing()

    def fold(self, touch: Touch) -> Changes:
        """Take in one touch."""
        account = self.ledger.fold(touch)
        self._news += touch.requests <= NEW
        joined = self._join(account, touch)
        if not self._is_due():
            return Changes([], [account] if joined else [], self._meet(account))
        return self._search()

    def _meet(self, account: int) -> list[tuple[int, Notice]]:
        numbers = self.ledger.values_of(account)
        proven = bool(self.ledger.columns["trusted"][account])
        notice = self._noticing.meet(account, numbers, proven=proven)
        return [(account, notice)] if notice else []

    def forget(self, account_id: str) -> Forgotten | None:
        """Let go of an account that was erased, as if it had never touched; None where it is not
        known. Nobody is told."""
        number = self.ledger.number.get(account_id)
        if number is None:
            return None
        partition = int(self.ledger.columns[number]["partition"])
        self.ledger.erase(account_id)
        return Forgotten(partition, self.register.forget(number))

    def _is_due(self) -> bool:
        waited = self.ledger.clock - self._searched
        news = self._news >= max(FEWEST_NEWS, NEWS * len(self.ledger.name))
        return waited >= LATEST_MS or (waited >= SOONEST_MS and news)

    def _join(self, account: int, touch: Touch) -> bool:
        """Whether the account is a campaign's settled member after what it just showed."""
        register = self.register
        if account in register.campaign_of:
            return register.campaign_of[account].is_settled(account)
        if self.ledger.columns["trusted"][account]:
            return False
        if not (met := self._telling.met(self.ledger, touch.values)):
            return False
        campaign, times = met
        register.enlist(campaign, [account], touch.ts)
        campaign.members[account].met = times
        return campaign.is_settled(account)

    def _search(self) -> Changes:
        ledger = self.ledger
        gone = self._let_go()
        self._searched, self._news = ledger.clock, 0
        accused = [a for one in self.register.open.values() for a in one.settled()]
        population = survey(ledger, accused, self._blind)
        ledger.columns["conduct"] = population.conduct
        changed: dict[str, Campaign] = {}
        found = rings(population.edges, population.sharing, len(ledger.name))
        for group in sorted(found, key=len, reverse=True):
            campaign = self._recognise(population, likely(population, group))
            if campaign:
                changed[campaign.campaign_id] = campaign
        closed = self._fade()
        self._telling = Telling(self.register.open.values())
        return Changes(
            [*changed.values(), *closed],
            [account for campaign in changed.values() for account in campaign.settled()],
            self._noticing.search(population, ledger.values),
            searched=True,
            gone=gone,
        )

    def _let_go(self) -> list[str]:
        """Who was not seen for long leaves, and its number is another's; their names."""
        leaving = self.ledger.forget()
        if leaving is None:
            return []
        self.register.renumber(leaving.number)
        self._noticing.renumber(leaving.number)
        return leaving.gone

    def _parted(self, population: Population, ring: Ints) -> tuple[Ints, Floats]:
        """A ring and its portrait; one that would be a campaign without those of it who would be
        none."""
        traits = portrait(population, ring)
        if self._weights.score(traits) < self.opens:
            return ring, traits
        left = parted(population, ring, self._weights)
        return (left, portrait(population, left)) if len(left) < len(ring) else (ring, traits)

    def _recognise(self, population: Population, ring: Ints) -> Campaign | None:
        """The campaign that a ring is, old or new; None where it is none."""
        if len(ring) < FEWEST:
            return None
        ring, traits = self._parted(population, ring)
        score, odds = self._weights.score(traits), self._weights.odds(traits)
        if self._witness:
            self._witness(ring, traits)
        known = self.register.match(ring)
        if score < self.opens:
            for campaign in known:
                self.register.doubt(campaign, ring)
            return known[0] if known else None
        clock = self.ledger.clock
        if not known:
            name = campaign_id(self.ledger.name[int(ring[0])], clock)
            known = [Campaign(name, clock, score, odds, traits)]
            self.register.begin(known[0])
        campaign, *younger = known
        for other in younger:
            self.register.merge(campaign, other)
        campaign.meet(clock, score, odds, traits)
        self.register.enlist(campaign, ring.tolist(), clock)
        tied = ties(population, ring).families
        for account, probation, families in zip(
            ring.tolist(), _probation(population, ring, tied), tied.tolist(), strict=True
        ):
            if stay := campaign.members.get(account):
                stay.probation, stay.tied = probation, families > 0
        self._mark_keys(population, campaign)
        return campaign

    def _mark_keys(self, population: Population, campaign: Campaign) -> None:
        """Note the values that tie a campaign. Cells of behaviour are below 0: the ledger will
        give their numbers to other values."""
        member = np.zeros(len(population.proven), bool)
        member[list(campaign.members)] = True
        edges, shared = population.edges, population.sharing
        inside = np.bincount(edges.value[member[edges.account]], minlength=len(edges.kind))
        own = (inside >= FEWEST) & (shared.surprise >= SURPRISING)
        part = len(campaign.members) / len(population.proven)
        keys = np.flatnonzero(own & is_own(inside, shared.accounts, part, KEY_SHARE))
        held = self.ledger.values
        number = np.where(keys < held, keys, held - 1 - keys)
        telling = (keys < held) & is_own(inside, shared.accounts, part, TELLING_SHARE)[keys]
        campaign.keys = dict(zip(number.tolist(), inside[keys].tolist(), strict=True))
        campaign.telling = number[telling].tolist()

    def _fade(self) -> list[Campaign]:
        """Let members go that were not found for long, and close campaigns without any."""
        oldest = self.ledger.clock - KEPT_MS
        closed = []
        for campaign in list(self.register.open.values()):
            gone = [account for account, stay in campaign.members.items() if stay.last < oldest]
            self.register.release(campaign, gone)
            if not campaign.members or campaign.score < self.opens * FADING**4:
                self.register.close(campaign)
                closed.append(campaign)
        return closed


def _probation(population: Population, ring: Ints, tied: Ints) -> list[int]:
    """How long each of a ring has to stay before it counts, ms; `tied`: by how many families."""
    alone = np.where(tied == 0, PROBATION_MS, 0)
    doubtful = population.proven[ring] & (tied < 2)
    found: list[int] = np.where(doubtful, PROBATION_ESTABLISHED_MS, alone).tolist()
    return found
