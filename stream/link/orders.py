"""Orders: what people decided about campaigns, whatever the evidence says.

An order to act pins an action for every member, present and future, until its end. A dismissal
pardons the accounts that are members then: a campaign of which they are most is the same ring by
the same evidence, and stays dismissed with everybody in it. When at least as many others are
members it is another ring: the pardons are lifted, and the evidence decides again. Pardons lie in
the store by account, since a linker that starts long after may find the ring under another id.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from schemas.controls import CampaignOrder
from schemas.decisions import Action
from stream.link.campaigns import Campaign
from stream.link.ledger import Ledger
from stream.link.membership import Place
from stream.link.pardon import NO_PARDON, seal_pardon, unseal_pardon
from stream.store import Entry, Kind, Store

# With more than this share of pardoned members a campaign is the one that was dismissed.
SAME = 0.5
BATCH = 1_000  # accounts in one call of the store

Find = Callable[[str], CampaignOrder | None]


class Ordered(NamedTuple):
    """What is ordered for all members of a campaign: an action until `until`, ms; `allow` for a
    dismissed one."""

    action: Action
    until: int


FREE = Ordered(Action.ALLOW, 0)


class Orders:
    """What stands about campaigns. `find`: the last order about a campaign, by its id."""

    def __init__(self, find: Find, store: Store) -> None:
        self._find = find
        self._store = store
        self._pardoned: set[str] = set()
        self._known: set[str] = set()  # accounts whose mark was looked at

    def about(self, campaign: Campaign, ts: int) -> Ordered | None:
        """What is ordered about a campaign at `ts`, ms; None where the evidence decides."""
        if campaign.dismissed:
            return FREE
        order = self._find(campaign.campaign_id)
        if order is None or order.action is None or ts >= order.expires_at:
            return None
        return Ordered(order.action, order.expires_at)

    async def look(self, ledger: Ledger, campaigns: Iterable[Campaign], place: Place) -> None:
        """Find out which of the campaigns are dismissed. Raises StoreError.

        The pardons of one that is another ring by now are lifted.
        """
        for campaign in campaigns:
            members = _names(ledger, campaign)
            await self._learn(sorted(members - self._known))
            pardoned = self._pardoned & members
            campaign.dismissed = len(pardoned) > SAME * len(members)
            if not campaign.dismissed:
                await self._mark(pardoned, NO_PARDON, place)

    def forget(self, account_id: str) -> None:
        """An account was erased, or is gone: if it comes again its mark is looked at anew."""
        self._known.discard(account_id)
        self._pardoned.discard(account_id)

    async def _learn(self, accounts: Sequence[str]) -> None:
        for some in batches(accounts):
            marks = await self._store.load(some, Kind.PARDON)
            self._pardoned.update(
                account for account, mark in zip(some, marks, strict=True) if unseal_pardon(mark)
            )
            self._known.update(some)

    async def pardon(self, ledger: Ledger, campaign: Campaign, place: Place) -> None:
        """Pardon all members of a campaign. Raises StoreError."""
        await self._mark(_names(ledger, campaign), campaign.campaign_id, place)
        campaign.dismissed = True

    async def lift(self, ledger: Ledger, campaign: Campaign, place: Place) -> None:
        """Pardon none of them any more. Raises StoreError."""
        await self._mark(_names(ledger, campaign), NO_PARDON, place)
        campaign.dismissed = False

    async def _mark(self, accounts: Iterable[str], campaign_id: str, place: Place) -> None:
        mark = seal_pardon(campaign_id, place)
        for some in batches(sorted(accounts)):
            await self._store.write([Entry(account, mark) for account in some], Kind.PARDON)
            self._known.update(some)
            if campaign_id == NO_PARDON:
                self._pardoned.difference_update(some)
            else:
                self._pardoned.update(some)


def _names(ledger: Ledger, campaign: Campaign) -> set[str]:
    """The members by their ids: numbers change."""
    return {ledger.name[account] for account in campaign.members}


def batches(accounts: Sequence[str]) -> Iterable[Sequence[str]]:
    """Accounts, so many as one call of the store takes."""
    return (accounts[begin : begin + BATCH] for begin in range(0, len(accounts), BATCH))
