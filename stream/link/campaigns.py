"""Campaigns: rings that live on from one search to the next, under the id of the oldest."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

from stream.link.surprise import Floats, Ints

# A ring is the same as before when it holds this share of a campaign, or is mostly part of it.
OVERLAP = 0.5
# One search may err: a member is answered when so many have found it in the ring, and most of those
# since it was first there.
SETTLED = 3
MOST = 0.6
MOST_TIED = 0.5  # where it shows what ties the ring: somebody honest who does is seldom there
FADING = 0.95  # what is left of a score after a search that finds less: one search may err


@dataclass(slots=True)
class Stay:
    """An account's time in a ring: when it was found there first and last, ms; how many searches
    there had been by then, and how many found it; how long it has to stay before it counts, ms;
    whether it shows what ties the ring."""

    first: int
    last: int
    since: int
    met: int = 0
    probation: int = 0
    tied: bool = True


@dataclass(slots=True, eq=False)
class Campaign:
    """A campaign. Accounts and values are numbers of the ledger, times ms.

    keys: the values that tie it, and how many members use each; telling: those that hardly anybody
    else uses; dismissed: by a person, None as long as nobody has looked, see stream/link/orders.py.
    """

    campaign_id: str
    detected_at: int
    score: float
    odds: float
    traits: Floats
    members: dict[int, Stay] = field(default_factory=dict)
    searches: int = 0
    searched: int = 0
    keys: dict[int, int] = field(default_factory=dict)
    telling: list[int] = field(default_factory=list)
    named: set[int] = field(default_factory=set)  # members that some record has named
    told: int = 0  # members when the last record was written
    closed: bool = False
    dismissed: bool | None = None
    merged_into: str | None = None
    _counted: tuple[int, int] = (-1, 0)  # after which search, and how many were settled

    @property
    def size(self) -> int:
        """How many members are settled, counted once a search: it is asked for at every touch."""
        if self._counted[0] != self.searches:
            self._counted = (self.searches, len(self.settled()))
        return self._counted[1]

    def meet(self, ts: int, score: float, odds: float, traits: Floats) -> None:
        """A search at `ts` found a ring that is this campaign: the largest comes first."""
        if ts != self.searched:
            self.searched, self.searches = ts, self.searches + 1
            self.odds, self.traits = odds, traits
            self.fade()
        self.score = max(score, self.score)

    def fade(self) -> None:
        """A search found less than before."""
        self.score *= FADING

    def join(self, accounts: list[int], ts: int) -> None:
        """These were found in the ring at `ts`."""
        for account in accounts:
            stay = self.members.setdefault(account, Stay(ts, ts, self.searches))
            stay.last, stay.met = ts, stay.met + 1

    def renumber(self, number: Mapping[int, int]) -> None:
        """Accounts have other numbers, by those that they had; who has none is gone."""
        self.members = {number[a]: stay for a, stay in self.members.items() if a in number}
        self.named = {number[account] for account in self.named if account in number}
        self._counted = (-1, 0)

    def settled(self) -> list[int]:
        """Members whom searches found again and again."""
        return [account for account in self.members if self.is_settled(account)]

    def is_settled(self, account: int) -> bool:
        """Whether enough searches found a member in the ring, and most of them."""
        stay = self.members[account]
        most = MOST_TIED if stay.tied else MOST
        enough = stay.met >= max(SETTLED, most * (self.searches - stay.since))
        return enough and stay.last - stay.first >= stay.probation


@dataclass(slots=True)
class Register:
    """All campaigns that are open, the oldest first."""

    open: dict[str, Campaign] = field(default_factory=dict)
    campaign_of: dict[int, Campaign] = field(default_factory=dict)
    _ended: list[Campaign] = field(default_factory=list)
    _freed: list[int] = field(default_factory=list)

    def ended(self) -> list[Campaign]:
        """The campaigns that were closed or merged since this was last asked."""
        ended, self._ended = self._ended, []
        return ended

    def freed(self) -> list[int]:
        """The accounts that were let go of since this was last asked."""
        freed, self._freed = self._freed, []
        return freed

    def match(self, ring: Ints) -> list[Campaign]:
        """The open campaigns that a ring is, the oldest first."""
        shared: dict[str, int] = defaultdict(int)
        for account in ring.tolist():
            if account in self.campaign_of:
                shared[self.campaign_of[account].campaign_id] += 1
        return [
            campaign
            for campaign_id, campaign in self.open.items()
            if shared[campaign_id] >= OVERLAP * min(len(ring), len(campaign.members))
        ]

    def begin(self, campaign: Campaign) -> None:
        """Open a campaign."""
        self.open[campaign.campaign_id] = campaign

    def enlist(self, campaign: Campaign, accounts: list[int], ts: int) -> None:
        """Make accounts members; whoever is one of another campaign stays there."""
        joining = [a for a in accounts if self.campaign_of.get(a, campaign) is campaign]
        campaign.join(joining, ts)
        self.campaign_of.update(dict.fromkeys(joining, campaign))

    def doubt(self, campaign: Campaign, ring: Ints) -> None:
        """A ring is not enough by now: nobody joins. Where it is most of a campaign, that fades;
        where it is a part, it has become another ring, and none to act on."""
        inside = [account for account in ring.tolist() if account in campaign.members]
        if 2 * len(inside) > len(campaign.members):
            campaign.fade()
        else:
            self.release(campaign, inside)

    def merge(self, older: Campaign, younger: Campaign) -> None:
        """The older one lives on, with all members."""
        for account, stay in younger.members.items():
            stay.since = older.searches - stay.met
            older.members[account] = stay
        self.campaign_of.update(dict.fromkeys(younger.members, older))
        younger.merged_into = older.campaign_id
        self.close(younger)

    def close(self, campaign: Campaign) -> None:
        """The campaign is over, or another one now; its members are free of it."""
        campaign.closed = True
        self._ended.append(campaign)
        del self.open[campaign.campaign_id]
        for account in campaign.members:
            if self.campaign_of.get(account) is campaign:
                del self.campaign_of[account]
                self._freed.append(account)

    def release(self, campaign: Campaign, accounts: list[int]) -> None:
        """Members that have not been found in the ring for long."""
        for account in accounts:
            del campaign.members[account]
            del self.campaign_of[account]
            self._freed.append(account)

    def forget(self, account: int) -> Campaign | None:
        """Strike an account that was erased off its campaign, and tell which one that is."""
        campaign = self.campaign_of.pop(account, None)
        if campaign:
            del campaign.members[account]
            campaign.named.discard(account)
        return campaign

    def renumber(self, number: Mapping[int, int]) -> None:
        """Accounts have other numbers, by those that they had. Who has none is gone, and nobody is
        told: what it was answered lapses by itself."""
        for campaign in self.open.values():
            campaign.renumber(number)
        self.campaign_of = {number[a]: one for a, one in self.campaign_of.items() if a in number}
        self._freed = [number[account] for account in self._freed if account in number]


def campaign_id(first: str, detected_at: int) -> str:
    """The same whenever the same touches are folded again."""
    parts = f"{first}\0{detected_at}".encode()
    return "c-" + blake2b(parts, digest_size=8, person=b"campaign").hexdigest()
