"""The clerk: carries out what people order about campaigns, once it stands on the topic.

The order of effects: who was pardoned, then what members are told, then labels for training. Each
may be repeated, and a crash anywhere repeats them all, since the order is read again.
"""

from collections.abc import Sequence

import structlog

from schemas.controls import CampaignOrder, control_id
from schemas.events import LabelEvent
from stream.broker.sinks import LabelSink
from stream.link.office import Member, Office
from stream.link.orders import BATCH

log = structlog.get_logger()


class Clerk:
    """Takes orders to an office, and what they teach to the labels."""

    def __init__(self, office: Office, labels: LabelSink) -> None:
        self._office = office
        self._labels = labels

    async def carry_out(self, order: CampaignOrder) -> None:
        """Do all that an order means. Raises EmitError or StoreError: it is then not done."""
        members = await self._office.carry_out(order)
        if members is None:
            # Closed or merged meanwhile: its members are free, or another campaign's.
            log.warning("order.no_campaign", campaign=order.campaign_id, what=order.what)
            return
        if order.what == "dismiss":
            await self._teach(order, members)
        log.warning(
            "order.carried_out",
            campaign=order.campaign_id,
            what=order.what,
            author=order.author,
            members=len(members),
        )

    async def _teach(self, order: CampaignOrder, members: Sequence[Member]) -> None:
        for begin in range(0, len(members), BATCH):
            some = members[begin : begin + BATCH]
            await self._labels.label([(one.partition, _benign(order, one)) for one in some])


def _benign(order: CampaignOrder, member: Member) -> LabelEvent:
    return LabelEvent(
        event_id=f"{control_id(order)}-{member.account}",
        account_id=member.account,
        ts=order.ts,
        label="benign",
        source=order.author,
        campaign_id=order.campaign_id,
        note="campaign dismissed",
    )
