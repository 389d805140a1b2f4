"""Overrides over HTTP. The author is the name of the token that asks."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field, StringConstraints

from edge.controls.campaigns import REFUSALS, Actor, Because, Reader
from edge.controls.staff import Staff
from schemas.controls import Override, Subject
from schemas.decisions import Action

DAY_MS = 86_400_000
Name = Annotated[str, StringConstraints(min_length=1, max_length=256)]


class Named(BaseModel):
    """Whom it is about. name: an account's or an organisation's id; an address stands for its
    network, /24 or /48."""

    subject: Subject
    name: Name
    reason: Because


class Pin(Named):
    """What whoever is named gets, and for how long."""

    action: Action
    days: Annotated[float, Field(gt=0.001, le=90)] = 7.0


class Pinned(BaseModel):
    """An override; times in ms. value: as name, of a network its keyed hash."""

    subject: Subject
    value: str
    action: Action
    author: str
    reason: str
    ts: int
    expires_at: int


def overrides(staff: Staff) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/v1/overrides", tags=["overrides"])

    @router.get("", responses={403: {}, 503: {}})
    async def holding(_: Reader) -> list[Pinned]:
        """What is pinned now, what ends first first."""
        return [_pinned(one) for one in (await staff.overriding()).holding()]

    @router.post("", responses=REFUSALS)
    async def pin(wanted: Pin, grant: Actor) -> Pinned:
        """Pin an action, at once, in place of what was pinned before."""
        desk, lasts = await staff.overriding(), int(wanted.days * DAY_MS)
        named = wanted.subject, wanted.name, wanted.action, lasts
        return _pinned(await desk.set(*named, grant.name, wanted.reason))

    @router.post("/lift", responses=REFUSALS)
    async def lift(named: Named, grant: Actor) -> Pinned:
        """End what is pinned: the evidence decides again."""
        desk = await staff.overriding()
        return _pinned(await desk.lift(named.subject, named.name, grant.name, named.reason))

    return router


def _pinned(override: Override) -> Pinned:
    told: dict[str, Any] = {name: getattr(override, name) for name in Pinned.model_fields}
    return Pinned(**told)
