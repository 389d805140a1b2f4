"""The docket and the board keep their promises, in memory as on a server."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from edge.appeals.appeal import Appeal
from edge.appeals.docket import Docket
from schemas.errors import StoreError
from stream.broker.connections import store_client
from stream.keys import appeals_key
from stream.link.board import INDEX, Board, board_key, post
from stream.redis_store import RedisStore
from stream.settings import load_settings
from tests.unit.staffed import CAMPAIGN, MemoryDocket


def appeal(account: str = "ada", decision: str = "d1", filed_at: int = 5, **more: Any) -> Appeal:
    """An appeal that waits."""
    told: dict[str, Any] = {"category": "mistake", "statement": "c2VhbGVk"}
    told |= {"account_id": account, "decision_id": decision, "filed_at": filed_at}
    return Appeal(decision=msgspec.Raw(b'{"action":"block"}'), **told | more)


def done(before: Appeal) -> Appeal:
    """The same, answered and carried out."""
    return msgspec.structs.replace(before, state="upheld", reviewer="kim", carried_out=True)


@pytest.fixture
async def client(store_url: str) -> AsyncIterator[Any]:
    """An empty store."""
    made = store_client(load_settings(store_url=store_url))
    await made.flushall()
    yield made
    await made.aclose()


@pytest.fixture(params=["memory", "server"])
def docket(request: pytest.FixtureRequest, client: Any) -> Docket:
    """Each kind."""
    return MemoryDocket() if request.param == "memory" else Docket(client)


async def test_an_appeal_is_kept(docket: Docket) -> None:
    """As it was put; of others nothing."""
    assert await docket.put(appeal())
    [kept] = await docket.of("ada")
    assert (kept.statement, bytes(kept.decision)) == ("c2VhbGVk", b'{"action":"block"}')
    assert await docket.of("bob") == []


async def test_who_is_slower_is_told(docket: Docket) -> None:
    """An appeal is replaced only by who has seen it as it is."""
    assert await docket.put(appeal())
    assert not await docket.put(appeal(filed_at=6))
    assert await docket.put(done(appeal()), appeal())
    assert not await docket.put(done(appeal()), appeal())
    assert [one.state for one in await docket.of("ada")] == ["upheld"]


async def test_what_waits_is_found_the_oldest_first(docket: Docket) -> None:
    """Of all accounts; what is carried out waits no more."""
    for number, account in enumerate(("bob", "ada", "eve", "kim")):
        await docket.put(appeal(account, filed_at=10 + number))
    assert await docket.oldest() == 10
    await docket.put(done(appeal("bob", filed_at=10)), appeal("bob", filed_at=10))
    assert await docket.oldest() == 11
    assert [one.account_id for one in await docket.waiting(2)] == ["ada", "eve"]


async def test_nothing_waits_at_first(docket: Docket) -> None:
    """No appeal, no age."""
    assert (await docket.oldest(), await docket.waiting(5)) == (0, [])


async def test_an_erasure_leaves_no_appeal(client: Any) -> None:
    """Neither it nor its place among those that wait."""
    docket = Docket(client)
    await docket.put(appeal())
    await RedisStore(client).erase(["ada"])
    assert await docket.of("ada") == await docket.waiting(5) == []
    assert await docket.oldest() == 0


async def test_an_unreadable_appeal_is_told(client: Any) -> None:
    """It is nothing that a reviewer could answer."""
    await client.hset(appeals_key("ada"), "d1", b"{}")
    with pytest.raises(StoreError, match="unreadable appeal"):
        await Docket(client).of("ada")


async def test_the_board_shows_the_last_record(client: Any) -> None:
    """Without accounts, those that changed last first."""
    younger = CAMPAIGN.model_copy(update={"campaign_id": "c-2", "ts": CAMPAIGN.ts + 1})
    grown = CAMPAIGN.model_copy(update={"accounts": 40})
    await post(client)([CAMPAIGN, younger, grown])
    board = Board(client)
    shown = await board.find("c-1")
    assert shown is not None
    assert (shown.accounts, shown.members_added, shown.sample_accounts) == (40, [], [])
    assert [one.campaign_id for one in await board.latest(5)] == ["c-2", "c-1"]
    assert [one.campaign_id for one in await board.latest(5, 1)] == ["c-1"]
    assert await board.find("c-9") is None


async def test_a_record_that_lapsed_is_left_out(client: Any) -> None:
    """Its place in the index may be there still."""
    await post(client)([CAMPAIGN])
    await client.delete(board_key("c-1"))
    assert await client.zcard(INDEX) == 1
    assert await Board(client).latest(5) == []


async def test_an_unreadable_record_is_told(client: Any) -> None:
    """By where it hangs."""
    await client.set(board_key("c-1"), b"{}")
    with pytest.raises(StoreError, match="board"):
        await Board(client).find("c-1")
