"""Appeals: filed once, answered once, sealed, and learnt from."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from edge.appeals.appeal import Appeal as KeptAppeal
from edge.appeals.watching import watch
from schemas.controls import Appeal, Override
from schemas.decisions import Action
from stream.broker.sinks import EmitError
from tests.unit.edges import Answer, Edge, open_edge
from tests.unit.gates import DAY, NOW
from tests.unit.staffed import blocked

SAYS = "We are a school; 200 pupils share one address."
ADA: dict[str, Any] = {"account_id": "ada", "decision_id": "d1"}
FILED: dict[str, Any] = {**ADA, "category": "shared_network", "statement": SAYS}


@pytest.fixture
def edge(tmp_path: Path) -> Edge:
    """An edge where an account is blocked."""
    made = open_edge(tmp_path)
    made.staff.store.decisions["ada"] = blocked()
    return made


async def answered(edge: Edge, verdict: str, scope: str = "admin") -> Answer:
    """A reviewer answers."""
    return await edge.post(
        "/v1/appeals/answer", scope, **ADA, verdict=verdict, reason="seen the register"
    )


def kept(edge: Edge) -> KeptAppeal:
    return edge.staff.docket.kept["ada", "d1"]


async def test_an_appeal_is_filed_once(edge: Edge) -> None:
    """The same one is told again, with its state."""
    first, again = [await edge.post("/v1/appeals", **FILED) for _ in range(2)]
    assert (first.status, again.status) == (201, 200)
    assert first.json() == again.json()
    assert first.json()["state"] == "open"
    [record] = edge.staff.heard.orders
    assert isinstance(record, Appeal)
    assert (record.author, record.reason, record.state) == ("act", "shared_network", "open")
    assert edge.count("appeals_total", state="open") == 1


async def test_nothing_an_account_says_is_kept_in_the_clear(edge: Edge) -> None:
    """Sealed with its key in the store, and on no topic; gone with the key."""
    await edge.post("/v1/appeals", **FILED)
    assert SAYS not in repr(edge.staff.docket.kept)
    assert SAYS not in repr(edge.staff.heard)
    shown = await edge.get("/v1/appeals/one?account_id=ada&decision_id=d1")
    assert shown.json()["statement"] == SAYS
    await edge.staff.keyring.destroy("ada")
    shown = await edge.get("/v1/appeals/one?account_id=ada&decision_id=d1")
    assert shown.json()["statement"] is None


async def test_a_reviewer_sees_why_it_was_decided(edge: Edge) -> None:
    """The decision as it stood, though it has ended since."""
    await edge.post("/v1/appeals", **FILED)
    edge.staff.store.decisions.clear()
    [waiting] = (await edge.get("/v1/appeals")).json()
    assert (waiting["category"], waiting["decision"]["action"]) == ("shared_network", "block")
    assert "statement" not in waiting


@pytest.mark.parametrize("path", ["/v1/appeals", "/v1/appeals/one?account_id=a&decision_id=d"])
async def test_seeing_appeals_needs_more_than_reading(edge: Edge, path: str) -> None:
    """They are about persons."""
    assert (await edge.get(path, "read")).status == 403


async def test_filing_and_answering_need_more_than_reading(edge: Edge) -> None:
    """Nothing is kept or told."""
    assert (await edge.post("/v1/appeals", "read", **FILED)).status == 403
    assert (await answered(edge, "overturn", "read")).status == 403
    assert edge.staff.heard.orders == []


@pytest.mark.parametrize(
    "held", [None, blocked(decision_id="d2"), blocked(action="allow", decision_id="d1")]
)
async def test_only_what_stands_is_contested(edge: Edge, held: bytes | None) -> None:
    """Nothing, another decision, or one that allows: there is nothing to appeal against."""
    edge.staff.store.decisions.clear()
    if held:
        edge.staff.store.decisions["ada"] = held
    assert (await edge.post("/v1/appeals", **FILED)).status == 404
    assert edge.staff.docket.kept == {}


async def test_an_overturned_decision_ends(edge: Edge) -> None:
    """The account is allowed for as long as was set, and labelled benign."""
    await edge.post("/v1/appeals", **FILED)
    answer = await answered(edge, "overturn")
    assert (answer.status, answer.json()["state"]) == (200, "overturned")
    [override] = [o for o in edge.staff.heard.orders if isinstance(o, Override)]
    assert (override.value, override.action, override.author) == ("ada", Action.ALLOW, "admin")
    assert override.expires_at == NOW + 30 * DAY
    assert edge.staff.heard.decisions[-1].action is Action.ALLOW
    assert b'"override"' in edge.staff.store.decisions["ada"]
    [label] = edge.staff.heard.labels
    assert (label.account_id, label.label, label.source) == ("ada", "benign", "admin")


async def test_an_upheld_decision_stands(edge: Edge) -> None:
    """And the account is labelled abuse."""
    await edge.post("/v1/appeals", **FILED)
    assert (await answered(edge, "uphold")).json()["state"] == "upheld"
    assert edge.staff.store.decisions["ada"] == blocked()
    assert [label.label for label in edge.staff.heard.labels] == ["abuse"]
    assert [o.state for o in edge.staff.heard.orders if isinstance(o, Appeal)] == ["open", "upheld"]
    assert (await edge.get("/v1/appeals")).json() == []


async def test_an_answer_is_final(edge: Edge) -> None:
    """The same again changes nothing; another one is refused."""
    await edge.post("/v1/appeals", **FILED)
    await answered(edge, "overturn")
    labels = len(edge.staff.heard.labels)
    assert (await answered(edge, "overturn")).status == 200
    assert (await answered(edge, "uphold")).status == 409
    assert len(edge.staff.heard.labels) == labels


async def test_an_answer_that_broke_off_is_completed(edge: Edge) -> None:
    """It waits on, takes no other answer, and the same one does the rest under the same ids."""
    await edge.post("/v1/appeals", **FILED)
    edge.staff.heard.error = EmitError("away")
    assert (await answered(edge, "overturn")).status == 503
    assert (kept(edge).state, kept(edge).carried_out) == ("overturned", False)
    edge.staff.heard.error = None
    assert (await answered(edge, "uphold")).status == 409
    [waiting] = (await edge.get("/v1/appeals")).json()
    assert not waiting["carried_out"]
    edge.staff.clock += 1_000
    assert (await answered(edge, "overturn")).status == 200
    assert kept(edge).carried_out
    [override] = [o for o in edge.staff.heard.orders if isinstance(o, Override)]
    assert override.ts == NOW


async def test_no_appeal_is_answered_that_was_not_filed(edge: Edge) -> None:
    """A problem of its own status."""
    assert (await answered(edge, "overturn")).status == 404


async def test_one_appeal_waits_at_a_time(edge: Edge) -> None:
    """Another decision is contested when the first appeal is answered."""
    await edge.post("/v1/appeals", **FILED)
    edge.staff.store.decisions["ada"] = blocked(decision_id="d2")
    second = FILED | {"decision_id": "d2"}
    assert (await edge.post("/v1/appeals", **second)).status == 409
    await answered(edge, "uphold")
    assert (await edge.post("/v1/appeals", **second)).status == 201


async def test_an_account_appeals_so_often_at_most(edge: Edge) -> None:
    """In thirty days."""
    for number in range(6):
        edge.staff.store.decisions["ada"] = blocked(decision_id=f"d{number}")
        last = await edge.post("/v1/appeals", **FILED | {"decision_id": f"d{number}"})
        if last.status == 201:
            told = {"account_id": "ada", "decision_id": f"d{number}"}
            await edge.post("/v1/appeals/answer", **told, verdict="uphold", reason="x")
    assert last.status == 429
    edge.staff.clock += 31 * DAY
    assert (await edge.post("/v1/appeals", **FILED | {"decision_id": "d5"})).status == 201


@pytest.mark.parametrize(
    "wrong",
    [{"category": "rude"}, {"statement": "x" * 2_001}, {"account_id": ""}, {"decision_id": ""}],
)
async def test_a_wrong_appeal_is_refused(edge: Edge, wrong: dict[str, Any]) -> None:
    """And no value is repeated in the answer."""
    answer = await edge.post("/v1/appeals", **FILED | wrong)
    assert answer.status == 422
    assert SAYS.encode() not in answer.body


async def test_somebody_is_reminded(edge: Edge) -> None:
    """The metric says how long the oldest appeal has waited."""
    await edge.post("/v1/appeals", **FILED)
    ninety_later = NOW / 1_000 + 90
    watching = asyncio.create_task(watch(edge.staff.docket, edge.metrics, 0, lambda: ninety_later))
    try:
        async with asyncio.timeout(30):
            while edge.count("oldest_appeal_seconds") != pytest.approx(90):  # noqa: ASYNC110 - a gauge tells nobody
                await asyncio.sleep(0)
    finally:
        watching.cancel()
