"""Who belonged to which campaign, and since when: from the records and the decisions.

An account's membership is what its latest decision says (see the contract). Accounts that a record
names and no decision is about are members as well: they were found, and nothing was asked of them.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from schemas.decisions import Campaign


class Naming(msgspec.Struct):
    """What a decision says of its account's membership."""

    account_id: str
    ts: int
    campaign_id: str | None = None


@dataclass(slots=True)
class Member:
    """One account. `joined`, `named`: when it was first and last named, ms; `released`: when a
    decision about it named no campaign any more."""

    campaign_id: str
    joined: int
    named: int
    released: int | None = None


@dataclass(slots=True)
class History:
    """The records of one campaign. `last`: the one that holds; `fullest`: the last one that has
    members, since one that closes may have none."""

    last: Campaign
    fullest: Campaign
    detected_at: int


class Members:
    """Every campaign and every account that was ever linked to one."""

    def __init__(self) -> None:
        self.histories: dict[str, History] = {}
        self.accounts: dict[str, Member] = {}

    def record(self, campaign: Campaign) -> None:
        """Take in a record. Records come first, decisions after all of them."""
        history = self.histories.get(campaign.campaign_id)
        if history is None:
            history = History(campaign, campaign, campaign.detected_at)
            self.histories[campaign.campaign_id] = history
        history.last = campaign
        history.detected_at = min(history.detected_at, campaign.detected_at)
        if campaign.accounts:
            history.fullest = campaign
        for account in campaign.members_added:
            self._name(account, campaign.campaign_id, campaign.ts)

    def decide(self, naming: Naming) -> None:
        """Take in what a decision says."""
        if naming.campaign_id is not None:
            self._name(naming.account_id, naming.campaign_id, naming.ts)
            return
        member = self.accounts.get(naming.account_id)
        if member and naming.ts > member.named and member.released is None:
            member.released = naming.ts

    def forget(self, erased: Iterable[str]) -> None:
        """Drop accounts, as if nobody had named them."""
        for account in erased:
            self.accounts.pop(account, None)

    def _name(self, account: str, campaign_id: str, ts: int) -> None:
        member = self.accounts.get(account)
        if member is None or (member.campaign_id != campaign_id and ts >= member.named):
            joined = member.joined if member and self._same(member, campaign_id) else ts
            self.accounts[account] = Member(campaign_id, joined, ts)
        elif member.campaign_id == campaign_id:
            member.joined, member.named = min(member.joined, ts), max(member.named, ts)
            if member.released is not None and ts >= member.released:
                member.released = None

    def _same(self, member: Member, campaign_id: str) -> bool:
        return self.living(member.campaign_id) == self.living(campaign_id)

    def living(self, campaign_id: str) -> str:
        """The campaign that this one lives on in: itself, where it was not merged."""
        seen = {campaign_id}
        while history := self.histories.get(campaign_id):
            older = history.last.merged_into
            if older not in self.histories or older in seen:  # a record can say anything
                break
            campaign_id = older
            seen.add(campaign_id)
        return campaign_id

    def of(self, campaign_ids: Iterable[str]) -> dict[str, Member]:
        """The accounts of these campaigns and of those that were merged into them."""
        wanted = set(campaign_ids)
        return {
            account: member
            for account, member in self.accounts.items()
            if self.living(member.campaign_id) in wanted
        }

    def merged(self) -> dict[str, list[str]]:
        """By campaign, those that live on in it."""
        found: dict[str, list[str]] = {}
        for campaign_id in self.histories:
            if (living := self.living(campaign_id)) != campaign_id:
                found.setdefault(living, []).append(campaign_id)
        return found
