"""What holds for everybody, over HTTP: the kill switch, and what the governor allows."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from edge.controls.campaigns import REFUSALS, Because, Reader, Reason
from edge.controls.staff import Staff
from edge.grants import needs
from edge.tokens import Grant, Scope
from schemas.controls import Allowance, Switch
from schemas.decisions import Mode

HOUR_MS = 3_600_000
Admin = Annotated[Grant, Depends(needs(Scope.ADMIN))]
Share = Annotated[float, Field(gt=0, le=1)]


class Turn(BaseModel):
    """What is to hold, and why."""

    mode: Mode
    reason: Because


class Turned(BaseModel):
    """What holds; who said so and when, ms: none where nobody has."""

    mode: Mode
    author: str | None = None
    reason: str | None = None
    ts: int | None = None


class More(BaseModel):
    """Shares of accounts and of traffic that may be answered in an hour, and for how long."""

    accounts: Share = 1.0
    traffic: Share = 1.0
    hours: Annotated[float, Field(gt=0.01, le=72)] = 6.0
    reason: Because


class Allowed(BaseModel):
    """What the governor allows in place of the policy's shares; times in ms."""

    accounts: float
    traffic: float
    author: str
    reason: str
    ts: int
    expires_at: int


def governance(staff: Staff) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/v1", tags=["governance"])

    @router.get("/mode", responses={403: {}, 503: {}})
    async def mode(_: Reader) -> Turned:
        """Whether decisions are to be acted on. Whoever acts on webhooks asks here."""
        desk = await staff.governing()
        return _turned(desk.switch) if desk.switch else Turned(mode=desk.mode)

    @router.post("/mode", responses=REFUSALS)
    async def turn(wanted: Turn, grant: Admin) -> Turned:
        """The kill switch: for every worker, linker and edge, within seconds."""
        desk = await staff.governing()
        return _turned(await desk.turn(wanted.mode, grant.name, wanted.reason))

    @router.post("/governor", responses=REFUSALS)
    async def allow(wanted: More, grant: Admin) -> Allowed:
        """Let more be blocked or stepped up for a while."""
        desk, lasts = await staff.governing(), int(wanted.hours * HOUR_MS)
        shares = wanted.accounts, wanted.traffic, lasts
        return _allowed(await desk.allow(*shares, grant.name, wanted.reason))

    @router.get("/governor", responses={403: {}, 503: {}})
    async def allowed(_: Reader) -> Allowed | None:
        """What is allowed now in place of the policy's shares; null: these hold."""
        found = (await staff.governing()).allowance()
        return _allowed(found) if found else None

    @router.post("/governor/restore", responses=REFUSALS)
    async def restore(why: Reason, grant: Admin) -> Allowed:
        """Let the policy's shares hold again."""
        desk = await staff.governing()
        return _allowed(await desk.restore(grant.name, why.reason))

    return router


def _turned(switch: Switch) -> Turned:
    return Turned(mode=switch.mode, author=switch.author, reason=switch.reason, ts=switch.ts)


def _allowed(allowance: Allowance) -> Allowed:
    told: dict[str, Any] = {name: getattr(allowance, name) for name in Allowed.model_fields}
    return Allowed(**told)
