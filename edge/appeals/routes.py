"""Appeals over HTTP: the gateway files them for accounts, reviewers answer.

Who files and who answers is the name of the token that asks.
"""

from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, Field, StringConstraints

from edge.appeals.appeal import LONGEST_STATEMENT, Appeal, Category, State, Verdict
from edge.controls.staff import Staff
from edge.grants import needs
from edge.metrics import EdgeMetrics
from edge.tokens import Grant, Scope

REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    status: {} for status in (400, 403, 404, 409, 422, 503)
}

Account = Annotated[str, StringConstraints(min_length=1, max_length=128)]
DecisionId = Annotated[str, StringConstraints(min_length=1, max_length=256)]
Clerk = Annotated[Grant, Depends(needs(Scope.CHECK))]
Actor = Annotated[Grant, Depends(needs(Scope.ACT))]


class Contest(BaseModel):
    """Which decision an account contests, and why; `decision_id` is in the check's header."""

    account_id: Account
    decision_id: DecisionId
    category: Category
    statement: Annotated[str, StringConstraints(max_length=LONGEST_STATEMENT)] = ""


class Answer(BaseModel):
    """A reviewer's answer."""

    account_id: Account
    decision_id: DecisionId
    verdict: Verdict
    reason: Annotated[str, StringConstraints(min_length=1, max_length=256)]


class Filed(BaseModel):
    """What an account may know of its appeal; times in ms."""

    account_id: str
    decision_id: str
    state: State
    filed_at: int
    answered_at: int | None = None


class Pending(Filed):
    """What a reviewer sees in the list. decision: as it stood when the appeal was filed."""

    category: Category
    decision: dict[str, Any]
    reviewer: str | None = None
    carried_out: bool = Field(description="false: answer again the same, to do the rest of it")


class Whole(Pending):
    """The same with what the account says; none: its key is gone."""

    statement: str | None
    reason: str | None = None


def appeals(staff: Staff, metrics: EdgeMetrics) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/v1/appeals", tags=["appeals"])

    @router.post("", status_code=201, responses=REFUSALS | {200: {"model": Filed}})
    async def file(contest: Contest, grant: Clerk, response: Response) -> Filed:
        """Contest the decision that stands about an account. 200: that was done before."""
        hearing = await staff.hearing()
        appeal, new = await hearing.file(
            contest.account_id,
            contest.decision_id,
            contest.category,
            contest.statement,
            grant.name,
        )
        if new:
            metrics.appeals.labels("open").inc()
        else:
            response.status_code = 200
        return Filed(**_filed(appeal))

    @router.get("", responses={403: {}, 422: {}, 503: {}})
    async def waiting(_: Actor, count: Annotated[int, Query(ge=1, le=200)] = 50) -> list[Pending]:
        """The appeals that have waited longest for an answer."""
        return [Pending(**_pending(one)) for one in await staff.docket.waiting(count)]

    @router.get("/one", responses=REFUSALS)
    async def show(
        _: Actor,
        account_id: Annotated[str, Query(min_length=1, max_length=128)],
        decision_id: Annotated[str, Query(min_length=1, max_length=256)],
    ) -> Whole:
        """One appeal, with what the account says."""
        hearing = await staff.hearing()
        appeal = await hearing.find(account_id, decision_id)
        statement = await hearing.statement(appeal)
        return Whole(**_pending(appeal), statement=statement, reason=appeal.reason or None)

    @router.post("/answer", responses=REFUSALS)
    async def answer(given: Answer, grant: Actor) -> Filed:
        """Uphold the decision, or overturn it: the account is then allowed for a while. Either
        way the training learns."""
        hearing = await staff.hearing()
        appeal = await hearing.answer(
            given.account_id, given.decision_id, given.verdict, grant.name, given.reason
        )
        metrics.appeals.labels(appeal.state).inc()
        return Filed(**_filed(appeal))

    return router


def _filed(appeal: Appeal) -> dict[str, Any]:
    return {
        "account_id": appeal.account_id,
        "decision_id": appeal.decision_id,
        "state": appeal.state,
        "filed_at": appeal.filed_at,
        "answered_at": appeal.answered_at or None,
    }


def _pending(appeal: Appeal) -> dict[str, Any]:
    return _filed(appeal) | {
        "category": appeal.category,
        "decision": msgspec.json.decode(appeal.decision),
        "reviewer": appeal.reviewer or None,
        "carried_out": appeal.carried_out,
    }
