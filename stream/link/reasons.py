"""Reasons of what is decided about members of campaigns."""

from typing import Final

from schemas.decisions import Action
from schemas.wire import ReasonWire
from stream.link.campaigns import Campaign
from stream.link.kinds import KINDS
from stream.link.ledger import Ledger

TIES_TOLD: Final = 4


def ordered_by_person(action: Action) -> ReasonWire:
    """Whatever the evidence says; why, the order says."""
    text = "a person decided this for the whole campaign"
    return ReasonWire("campaign_ordered", text, action.value, 0.0)


def reasons(ledger: Ledger, account: int, campaign: Campaign) -> list[ReasonWire]:
    """The ring, and the account's own strongest ties to it."""
    members = len(campaign.members)
    ring = ReasonWire(
        "campaign_member",
        f"acts together with {members - 1:,} other accounts",
        float(members),
        campaign.odds,
    )
    return [ring, *_ties(ledger, account, campaign)]


def _ties(ledger: Ledger, account: int, campaign: Campaign) -> list[ReasonWire]:
    """Of each kind the value that most members share with the account."""
    most: dict[str, int] = {}
    for number in ledger.values_of(account):
        if number in campaign.keys:
            kind = KINDS[ledger.value(number)[0]].told
            most[kind] = max(most.get(kind, 0), campaign.keys[number])
    ties = sorted(most.items(), key=lambda tie: (-tie[1], tie[0]))[:TIES_TOLD]
    return [
        ReasonWire(
            f"shared_{kind}",
            f"shares {kind.replace('_', ' ')} with {uses - 1:,} members of the campaign",
            float(uses),
            uses / len(campaign.members),
        )
        for kind, uses in ties
    ]
