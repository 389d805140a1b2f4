"""Campaigns over HTTP: what there is, and what a person decides about one.

The author of a decision is the name of the token that asks.
"""

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, HTTPException, Path, Query
from pydantic import BaseModel, Field

from edge.controls.staff import Staff
from edge.grants import needs
from edge.tokens import Grant, Scope
from schemas.controls import CampaignOrder, Proposal
from schemas.decisions import Action, Campaign
from stream.controls.campaigns import DAY_MS, Campaigning

REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    status: {} for status in (400, 403, 404, 409, 422, 503)
}
_SEEN: Final[dict[int | str, dict[str, Any]]] = {n: {} for n in (403, 404, 422, 503)}

Id = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{1,64}$")]
Reader = Annotated[Grant, Depends(needs(Scope.READ))]
Actor = Annotated[Grant, Depends(needs(Scope.ACT))]
Because = Annotated[str, Field(min_length=1, max_length=256)]


class Ordered(BaseModel):
    """The last order about a campaign, or what was proposed; times in ms."""

    what: Literal["dismiss", "act", "undo", "propose"]
    author: str
    reason: str
    ts: int
    action: Action | None = None
    expires_at: int | None = None
    proposed_by: str | None = None


class Seen(BaseModel):
    """A campaign as the linker told of it last, without accounts, and what people decided."""

    campaign: Campaign
    ordered: Ordered | None = None
    proposed: Ordered | None = None


class Reason(BaseModel):
    """Why."""

    reason: Because


class Act(Reason):
    """What every member is to get, and for how long."""

    action: Literal["restrict", "rate_limit", "step_up", "block"]
    days: Annotated[float, Field(gt=0.01, le=30)] = 7.0


def campaigns(staff: Staff) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/v1/campaigns", tags=["campaigns"])

    @router.get("", responses={403: {}, 422: {}, 503: {}})
    async def latest(
        _: Reader,
        count: Annotated[int, Query(ge=1, le=200)] = 50,
        after: Annotated[int, Query(ge=0, le=10_000)] = 0,
    ) -> list[Seen]:
        """Campaigns, the one that changed last first."""
        desk = await staff.campaigning()
        return [_seen(desk, one) for one in await staff.board.latest(count, after)]

    @router.get("/{campaign_id}", responses=_SEEN)
    async def show(campaign_id: Id, _: Reader) -> Seen:
        """One campaign."""
        found = await staff.board.find(campaign_id)
        if found is None:
            raise HTTPException(404, f"There is no campaign {campaign_id}.")
        return _seen(await staff.campaigning(), found)

    @router.post("/{campaign_id}/dismiss", responses=REFUSALS)
    async def dismiss(campaign_id: Id, why: Reason, grant: Actor) -> Ordered:
        """It is none: every member is let go within seconds."""
        desk = await staff.campaigning()
        return _told(await desk.dismiss(campaign_id, grant.name, why.reason))

    @router.post("/{campaign_id}/act", responses=REFUSALS)
    async def act(campaign_id: Id, wanted: Act, grant: Actor) -> Ordered:
        """Give every member an answer, present and future. `propose`: a second person must
        confirm it."""
        desk, lasts = await staff.campaigning(), int(wanted.days * DAY_MS)
        action = Action(wanted.action)
        return _told(await desk.act(campaign_id, action, lasts, grant.name, wanted.reason))

    @router.post("/{campaign_id}/confirm", responses=REFUSALS)
    async def confirm(campaign_id: Id, grant: Actor) -> Ordered:
        """Agree to what the owner of another token has proposed."""
        desk = await staff.campaigning()
        return _told(await desk.confirm(campaign_id, grant.name))

    @router.post("/{campaign_id}/undo", responses=REFUSALS)
    async def undo(campaign_id: Id, why: Reason, grant: Actor) -> Ordered:
        """Take the last order back: the evidence decides again."""
        desk = await staff.campaigning()
        return _told(await desk.undo(campaign_id, grant.name, why.reason))

    return router


def _seen(desk: Campaigning, campaign: Campaign) -> Seen:
    order = desk.order(campaign.campaign_id)
    proposal = desk.proposal(campaign.campaign_id)
    return Seen(
        campaign=campaign,
        ordered=_told(order) if order else None,
        proposed=_told(proposal) if proposal else None,
    )


def _told(given: CampaignOrder | Proposal) -> Ordered:
    common: dict[str, Any] = {"author": given.author, "reason": given.reason, "ts": given.ts}
    if isinstance(given, Proposal):
        return Ordered(what="propose", action=given.action, **common)
    return Ordered(
        what=given.what,
        action=given.action,
        expires_at=given.expires_at or None,
        proposed_by=given.proposed_by,
        **common,
    )
