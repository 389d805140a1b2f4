"""What a detector said during a run, as the contract words it: rulings and campaigns."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from schemas.decisions import Campaign, DeadLetter
from schemas.wire import DecisionWire
from stream.broker.sinks import Placed


class Ruling(NamedTuple):
    """A Decision as far as a gateway acts on it. Times in ms; limits of −1: none."""

    account: int  # its number in the run
    ts: int
    action: int  # rank: 0 allow … 4 block
    expires_at: int
    requests_per_minute: int = -1
    tokens_per_minute: int = -1


@dataclass(slots=True)
class Told:
    """A campaign as its records tell it."""

    detected_at: int
    merged_into: str | None = None
    kinds: set[str] = field(default_factory=set)


class Docket:
    """A sink that keeps rulings until they are taken, and what became of each campaign.

    `numbers`: the number of each account of the run. An account that is not there is an error of
    the detector's, and a KeyError here.
    """

    def __init__(self, numbers: Mapping[str, int]) -> None:
        self.numbers = numbers
        self.campaigns: dict[str, Told] = {}
        self.member_of: dict[int, str] = {}  # by the latest decision
        self.acted_on: dict[str, set[int]] = defaultdict(set)  # accounts under a campaign's action
        self.dead = 0
        self._rulings: list[Ruling] = []

    async def emit(self, decisions: Sequence[Placed], letters: Sequence[DeadLetter]) -> None:
        """Note what a batch brought about."""
        self.dead += len(letters)
        for _, decision in decisions:
            self.rule(decision)

    async def record(self, campaigns: Sequence[Campaign]) -> None:
        """Note records of campaigns: the first of each opens it, the last one holds."""
        for campaign in campaigns:
            self.note_record(campaign)

    def rule(self, decision: DecisionWire) -> None:
        """Note one decision."""
        account, limits = self.numbers[decision.account_id], decision.limits
        ruling = Ruling(account, decision.ts, decision.action.rank, decision.expires_at)
        if limits:
            ruling = ruling._replace(
                requests_per_minute=limits.requests_per_minute,
                tokens_per_minute=limits.tokens_per_minute,
            )
        self.note(ruling, decision.campaign_id)

    def note(self, ruling: Ruling, campaign_id: str | None) -> None:
        """Note a ruling, and the campaign that its account belongs to from now on."""
        self._rulings.append(ruling)
        if campaign_id is None:
            self.member_of.pop(ruling.account, None)
            return
        self.member_of[ruling.account] = campaign_id
        if ruling.action:
            self.acted_on[campaign_id].add(ruling.account)

    def note_record(self, campaign: Campaign) -> None:
        """Note one record of a campaign."""
        self.open(campaign.campaign_id, campaign.detected_at)
        told = self.campaigns[campaign.campaign_id]
        told.merged_into = campaign.merged_into
        told.kinds |= {link.kind for link in campaign.links}

    def open(self, campaign_id: str, detected_at: int) -> None:
        """Note when a campaign was found, unless it was before."""
        self.campaigns.setdefault(campaign_id, Told(detected_at))

    def take(self) -> list[Ruling]:
        """The rulings since the last call."""
        rulings, self._rulings = self._rulings, []
        return rulings

    def living(self, campaign_id: str) -> str:
        """The campaign that this one lives on in."""
        seen = {campaign_id}
        while (told := self.campaigns.get(campaign_id)) and told.merged_into:
            campaign_id = told.merged_into
            if campaign_id in seen:  # two that name each other: each is as old
                break
            seen.add(campaign_id)
        return campaign_id
