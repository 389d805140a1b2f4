"""Campaigns over HTTP: who sees them, who decides, and when a second person must agree."""

from pathlib import Path
from typing import Any

import pytest

from schemas.controls import CampaignOrder, Proposal
from schemas.errors import ConfigurationError
from stream.broker.sinks import EmitError
from tests.unit.edges import Edge, open_edge
from tests.unit.gates import DAY, HOUR, NOW
from tests.unit.staffed import CAMPAIGN

HERE = "/v1/campaigns/c-1"
BLOCK: dict[str, Any] = {"action": "block", "reason": "a ring of resellers", "days": 3}


@pytest.fixture
def edge(tmp_path: Path) -> Edge:
    return open_edge(tmp_path)


@pytest.fixture
def careful(tmp_path: Path) -> Edge:
    """An edge where two have to agree on a block."""
    return open_edge(tmp_path, four_eyes=True)


async def test_campaigns_are_seen_by_whoever_may_read(edge: Edge) -> None:
    """With what was ordered about each."""
    await edge.post(f"{HERE}/dismiss", reason="a partner")
    listed = await edge.get("/v1/campaigns", "read")
    shown = await edge.get(HERE, "read")
    assert listed.status == shown.status == 200
    assert listed.json() == [shown.json()]
    assert shown.json()["campaign"]["accounts"] == 12
    assert (shown.json()["ordered"]["what"], shown.json()["ordered"]["author"]) == (
        "dismiss",
        "act",
    )


@pytest.mark.parametrize("what", ["dismiss", "act", "confirm", "undo"])
async def test_deciding_needs_more_than_reading(edge: Edge, what: str) -> None:
    """Nothing is ordered."""
    assert (await edge.post(f"{HERE}/{what}", "read", **BLOCK)).status == 403
    assert edge.staff.heard.orders == []


@pytest.mark.parametrize("what", ["dismiss", "act", "confirm", "undo"])
async def test_an_unknown_campaign_is_a_problem(edge: Edge, what: str) -> None:
    """Of its own status."""
    answer = await edge.post(f"/v1/campaigns/c-9/{what}", **BLOCK)
    assert (answer.status, answer.json()["detail"]) == (404, "no campaign c-9")


async def test_a_closed_campaign_takes_no_orders(edge: Edge) -> None:
    """It says which one it is now."""
    closed = {"status": "closed", "merged_into": "c-0"}
    edge.staff.board.records["c-1"] = CAMPAIGN.model_copy(update=closed)
    answer = await edge.post(f"{HERE}/dismiss", reason="a partner")
    assert (answer.status, answer.json()["detail"]) == (409, "c-1 is closed: it is c-0 now")


async def test_an_order_is_written_once(edge: Edge) -> None:
    """The author is the token's name; a dismissal that stands is told again, not ordered."""
    for _ in range(2):
        answer = await edge.post(f"{HERE}/dismiss", reason="a partner", author="mallory")
        assert answer.status == 200
    [order] = edge.staff.heard.orders
    assert isinstance(order, CampaignOrder)
    assert (order.author, order.reason, order.what) == ("act", "a partner", "dismiss")


async def test_an_act_ends_by_itself(edge: Edge) -> None:
    """After the days that were asked for."""
    answer = await edge.post(f"{HERE}/act", **BLOCK)
    assert answer.json()["expires_at"] == NOW + 3 * DAY
    assert edge.staff.controls.order("c-1") == edge.staff.heard.orders[0]


@pytest.mark.parametrize(
    "wrong",
    [{"action": "allow"}, {"days": 31}, {"days": 0}, {"reason": ""}, {"reason": "x" * 257}],
)
async def test_a_wrong_act_is_refused(edge: Edge, wrong: dict[str, Any]) -> None:
    """Before anything is ordered."""
    assert (await edge.post(f"{HERE}/act", **BLOCK | wrong)).status == 422
    assert edge.staff.heard.orders == []


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", ""])
async def test_a_body_that_is_not_called_json_is_told_so(edge: Edge, kind: str) -> None:
    """As curl sends it where nobody says otherwise."""
    answer = await edge.request(
        "POST", f"{HERE}/dismiss", headers={"content-type": kind}, parts=[b'{"reason": "x"}']
    )
    assert answer.status == 422
    assert "Content-Type: application/json" in answer.json()["detail"]


async def test_a_block_of_a_campaign_needs_two(careful: Edge) -> None:
    """It is proposed, holds for nobody, and is ordered when another token confirms it."""
    assert (await careful.post(f"{HERE}/act", **BLOCK)).json()["what"] == "propose"
    assert careful.staff.controls.order("c-1") is None
    assert (await careful.get(HERE)).json()["proposed"]["author"] == "act"
    careful.staff.clock += HOUR
    answer = await careful.post(f"{HERE}/confirm", "admin")
    assert (answer.json()["author"], answer.json()["proposed_by"]) == ("admin", "act")
    assert answer.json()["expires_at"] == NOW + HOUR + 3 * DAY
    assert [type(order) for order in careful.staff.heard.orders] == [Proposal, CampaignOrder]
    assert (await careful.get(HERE)).json()["proposed"] is None


async def test_a_confirmed_block_waits_for_nobody(careful: Edge) -> None:
    """Whosever clock was ahead: it cannot be confirmed again."""
    await careful.post(f"{HERE}/act", **BLOCK)
    careful.staff.clock -= 5_000
    assert (await careful.post(f"{HERE}/confirm", "admin")).status == 200
    assert (await careful.get(HERE)).json()["proposed"] is None
    assert (await careful.post(f"{HERE}/confirm", "admin")).status == 409


async def test_nobody_confirms_themselves(careful: Edge) -> None:
    """The same token is refused."""
    await careful.post(f"{HERE}/act", **BLOCK)
    answer = await careful.post(f"{HERE}/confirm")
    assert answer.status == 409
    assert "somebody else" in answer.json()["detail"]
    assert careful.staff.controls.order("c-1") is None


async def test_a_proposal_lapses(careful: Edge) -> None:
    """After a day nobody can confirm it."""
    await careful.post(f"{HERE}/act", **BLOCK)
    careful.staff.clock += DAY
    assert (await careful.post(f"{HERE}/confirm", "admin")).status == 409


@pytest.mark.parametrize("action", ["restrict", "rate_limit", "step_up"])
async def test_what_is_less_than_a_block_needs_one(careful: Edge, action: str) -> None:
    """It can be undone without harm."""
    answer = await careful.post(f"{HERE}/act", **BLOCK | {"action": action})
    assert answer.json()["what"] == "act"


async def test_undoing_takes_the_last_order_back(edge: Edge) -> None:
    """Once; and only where something was ordered. Two orders in one moment have two times."""
    assert (await edge.post(f"{HERE}/undo", reason="x")).status == 409
    await edge.post(f"{HERE}/act", **BLOCK)
    for _ in range(2):
        assert (await edge.post(f"{HERE}/undo", reason="a mistake")).json()["what"] == "undo"
    first, second = edge.staff.heard.orders
    assert first.ts < second.ts


@pytest.mark.parametrize("error", [EmitError("away"), ConfigurationError("away")])
async def test_a_broker_that_is_away_is_a_problem(edge: Edge, error: Exception) -> None:
    """Nothing is said to be ordered that is not on the topic."""
    edge.staff.heard.error = error  # type: ignore[assignment]  # a SluicegateError
    answer = await edge.post(f"{HERE}/dismiss", reason="a partner")
    assert answer.status == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert edge.staff.controls.order("c-1") is None
