"""What people may order about a campaign, and when a second one must agree.

An order is on the topic when a method returns; the linker tells the members within seconds.
"""

from typing import TYPE_CHECKING, Final, Literal

from schemas.controls import CampaignOrder, Proposal
from schemas.decisions import Action, Campaign
from schemas.errors import SluicegateError
from stream.link.board import Board

if TYPE_CHECKING:  # it needs Kafka's client and the models', which who only looks need not load
    from stream.controls.acting import Acting

DAY_MS: Final = 86_400_000
# A membership lives as long in the store (34 days).
LONGEST_ACT_MS: Final = 30 * DAY_MS
PROPOSED_MS: Final = DAY_MS  # then a proposal is as if it had not been made


class NoSuchCampaignError(SluicegateError):
    """Nobody has told of a campaign of this id, or longer ago than the board keeps it."""


class OrderRefusedError(SluicegateError):
    """The order cannot be given as things are, or not by this person."""


class Campaigning:
    """Gives orders about campaigns. `four_eyes`: a block needs a second person."""

    def __init__(self, acting: "Acting", board: Board, *, four_eyes: bool) -> None:
        self._acting = acting
        self._board = board
        self._four_eyes = four_eyes

    async def dismiss(self, campaign_id: str, author: str, reason: str) -> CampaignOrder:
        """It was none: every member is let go. Raises NoSuchCampaignError, OrderRefusedError,
        EmitError or StoreError; the same for the others."""
        await self._find(campaign_id)
        held = self.order(campaign_id)
        if held and held.what == "dismiss":
            return held
        return await self._order(campaign_id, "dismiss", author, reason)

    async def act(
        self, campaign_id: str, action: Action, lasts: int, author: str, reason: str
    ) -> CampaignOrder | Proposal:
        """Pin an action on every member for `lasts` ms; a Proposal where another has to agree."""
        await self._find(campaign_id)
        if action is Action.ALLOW or not 0 < lasts <= LONGEST_ACT_MS:
            raise OrderRefusedError("an act is stronger than allow, for 30 days at most")
        proposal = Proposal(
            author=author,
            reason=reason,
            ts=self._moment(campaign_id),
            campaign_id=campaign_id,
            action=action,
            lasts=lasts,
        )
        if self._four_eyes and action is Action.BLOCK:
            await self._acting.publish(proposal)
            return proposal
        return await self._carry_out(proposal, author)

    async def confirm(self, campaign_id: str, author: str) -> CampaignOrder:
        """Agree to what somebody else has proposed."""
        await self._find(campaign_id)
        proposal = self.proposal(campaign_id)
        if proposal is None:
            raise OrderRefusedError(f"nothing is proposed about {campaign_id}")
        if proposal.author == author:
            raise OrderRefusedError(f"{author} has proposed it: somebody else has to confirm it")
        return await self._carry_out(proposal, author)

    async def undo(self, campaign_id: str, author: str, reason: str) -> CampaignOrder:
        """Take the last order back: the evidence decides again."""
        await self._find(campaign_id)
        held = self.order(campaign_id)
        if held is None:
            raise OrderRefusedError(f"nothing is ordered about {campaign_id}")
        if held.what == "undo":
            return held
        return await self._order(campaign_id, "undo", author, reason)

    def proposal(self, campaign_id: str) -> Proposal | None:
        """What waits for a second person."""
        found = self._acting.controls.proposal(campaign_id)
        return found if found and self._acting.now() < found.ts + PROPOSED_MS else None

    def order(self, campaign_id: str) -> CampaignOrder | None:
        """The last order."""
        return self._acting.controls.order(campaign_id)

    async def _find(self, campaign_id: str) -> Campaign:
        found = await self._board.find(campaign_id)
        if found is None:
            raise NoSuchCampaignError(f"no campaign {campaign_id}")
        if found.status == "closed":
            lives_on = f": it is {found.merged_into} now" if found.merged_into else ""
            raise OrderRefusedError(f"{campaign_id} is closed{lives_on}")
        return found

    async def _carry_out(self, proposal: Proposal, author: str) -> CampaignOrder:
        ts = self._moment(proposal.campaign_id)
        order = CampaignOrder(
            author=author,
            reason=proposal.reason,
            ts=ts,
            campaign_id=proposal.campaign_id,
            what="act",
            action=proposal.action,
            expires_at=ts + proposal.lasts,
            proposed_by=None if proposal.author == author else proposal.author,
        )
        await self._acting.publish(order)
        return order

    async def _order(
        self, campaign_id: str, what: Literal["dismiss", "undo"], author: str, reason: str
    ) -> CampaignOrder:
        ts = self._moment(campaign_id)
        order = CampaignOrder(
            author=author, reason=reason, ts=ts, campaign_id=campaign_id, what=what
        )
        await self._acting.publish(order)
        return order

    def _moment(self, campaign_id: str) -> int:
        """Later than whatever was ordered or proposed before: a campaign and a time name an
        order, and a proposal is over with the next one, whosever clock is ahead."""
        held = self.order(campaign_id), self._acting.controls.proposal(campaign_id)
        return max([self._acting.now(), *(one.ts + 1 for one in held if one)])
