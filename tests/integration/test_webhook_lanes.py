"""The lanes of an endpoint on a real store: order, parking, the last try, erasure."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import pytest

from edge.webhook.delivery import MAX_BODY_BYTES, Delivery, Erasure
from edge.webhook.endpoints import Endpoint
from edge.webhook.lanes import EndpointGoneError, Lanes
from edge.webhook.meters import Meters
from edge.webhook.sender import Answer, Outcome
from edge.webhook.shelf import Shelf, Size
from stream.broker.connections import store_client
from stream.settings import load_settings
from tests.integration.receivers import SECRET
from tests.waiting import until

PATIENCE_S = 30.0
TAKEN = Answer(Outcome.DELIVERED)
REFUSED = Answer(Outcome.FAILED, "status 500")


class Door:
    """A sender that answers as it is told, and notes what it was given."""

    def __init__(self) -> None:
        self.answer: Callable[[Delivery], Answer] = lambda _: TAKEN
        self.given: list[str] = []

    async def post(self, delivery: Delivery) -> Answer:
        self.given.append(delivery.decision_id)
        await asyncio.sleep(0)  # others have their turn, as they would over a network
        return self.answer(delivery)


class Bench:
    """Lanes over an empty shelf; `done` are the offsets that need no longer be kept."""

    def __init__(self, shelf: Shelf, group: asyncio.TaskGroup, **bounds: int) -> None:
        self.door, self.shelf, self.done = Door(), shelf, list[int]()
        self.meters = Meters()
        endpoint = Endpoint(
            name="gateway",
            url="https://example.com/",
            secrets=[{"key": SECRET}],
            retries_s=[0.01, 0.01],
            **bounds,
        )
        self.lanes = Lanes(
            endpoint,
            self.door,
            shelf,
            self.meters,
            spawn=group.create_task,
            done=lambda delivery: self.done.append(delivery.offset),
        )

    async def take(self, *offsets: int, account: str = "a") -> None:
        """Take deliveries with these offsets, and wait until none waits in memory."""
        for offset in offsets:
            self.lanes.take(delivery(offset, account))
        await until(lambda: self.lanes.waiting == 0)

    async def retry(self, account: str = "a") -> None:
        """Try what is parked of an account, and wait for it."""
        self.lanes.retry(account)
        await until(lambda: self.lanes.retrying == 0)


def delivery(offset: int, account: str = "a", body: bytes = b"{}") -> Delivery:
    """A delivery of an account."""
    return Delivery(f"{account}{offset}", account, 0, offset, 0, body)


@pytest.fixture
async def shelf(store_url: str) -> AsyncIterator[Shelf]:
    """The shelf of an endpoint in an empty store."""
    client = store_client(load_settings(store_url=store_url))
    await client.flushall()
    yield Shelf(client, "gateway")
    await client.aclose()


async def test_an_account_is_served_in_order(shelf: Shelf) -> None:
    """Whatever the others do."""
    async with asyncio.TaskGroup() as group:
        bench = Bench(shelf, group)
        for offset in range(20):
            bench.lanes.take(delivery(offset, f"account-{offset % 3}"))
        await until(lambda: bench.lanes.waiting == 0)
    for account in range(3):
        mine = [f"account-{account}{n}" for n in range(account, 20, 3)]
        assert [i for i in bench.door.given if i.startswith(f"account-{account}")] == mine


async def test_what_follows_a_failure_waits_behind_it(shelf: Shelf) -> None:
    """Nothing is posted past it; then all of it comes, in order."""
    async with asyncio.TaskGroup() as group:
        bench = Bench(shelf, group)
        bench.door.answer = lambda _: REFUSED
        await bench.take(1, 2, 3)
        assert bench.door.given == ["a1"]
        assert bench.done == [1, 2, 3]
        assert await shelf.size(1) == Size(parked=3, dead=0)
        bench.door.answer = lambda _: TAKEN
        await bench.retry()
        await bench.take(4)
    assert bench.door.given == ["a1", "a1", "a2", "a3", "a4"]
    assert await shelf.size(1) == Size(parked=0, dead=0)


async def test_after_the_last_try_it_is_dead_and_the_next_has_its_turn(shelf: Shelf) -> None:
    """Three tries by a schedule of two retries."""
    async with asyncio.TaskGroup() as group:
        bench = Bench(shelf, group)
        bench.door.answer = lambda d: REFUSED if d.offset == 1 else TAKEN
        await bench.take(1, 2)
        await bench.retry()
        assert bench.door.given == ["a1", "a1"]
        await bench.retry()
    assert bench.door.given == ["a1", "a1", "a1", "a2"]
    assert [(d.decision_id, d.tries) async for d in shelf.dead()] == [("a1", 3)]


async def test_what_a_crash_repeats_is_parked_once(shelf: Shelf) -> None:
    """Parked, not committed, read again: the queue holds it once."""
    async with asyncio.TaskGroup() as group:
        for _ in range(2):
            bench = Bench(shelf, group)
            bench.door.answer = lambda _: REFUSED
            for account, parked in (await shelf.parked(0)).items():
                bench.lanes.found(account, parked)
            await bench.take(1, 2)
    assert await shelf.parked(0) == {"a": 2}


async def test_an_erased_account_is_forgotten(shelf: Shelf) -> None:
    """What is parked and what is dead of it; others stay."""
    async with asyncio.TaskGroup() as group:
        bench = Bench(shelf, group)
        bench.door.answer = lambda _: REFUSED
        await bench.take(1, 2)
        await bench.take(3, account="b")
        await shelf.refuse(delivery(4), now=0)
        bench.lanes.take(Erasure("accounts", "a", 0, 5))
        await until(lambda: bench.lanes.waiting == 0)
    assert await shelf.parked(0) == {"b": 1}
    assert [d async for d in shelf.dead()] == []


async def test_what_is_too_large_is_dead_at_once(shelf: Shelf) -> None:
    """And does not hold back what follows."""
    async with asyncio.TaskGroup() as group:
        bench = Bench(shelf, group)
        bench.lanes.take(delivery(1, body=b"x" * (MAX_BODY_BYTES + 1)))
        await bench.take(2)
    assert bench.door.given == ["a2"]
    assert [d.error async for d in shelf.dead()] == ["65537 bytes, more than 65536"]


async def test_a_busy_endpoint_is_left_alone(shelf: Shelf) -> None:
    """What it asked for holds for all accounts."""
    async with asyncio.TaskGroup() as group:
        bench = Bench(shelf, group)
        bench.door.answer = lambda _: Answer(Outcome.FAILED, "status 429", 0.3, busy=True)
        began = time.monotonic()
        await bench.take(1)
        bench.door.answer = lambda _: TAKEN
        await bench.take(2, account="b")
    assert bench.door.given == ["a1", "b2"]
    assert time.monotonic() - began >= 0.29


async def test_gone_ends_the_session(shelf: Shelf) -> None:
    """The delivery is neither done nor parked: it comes again when the endpoint is on."""
    ended = False
    try:
        async with asyncio.TaskGroup() as group:
            bench = Bench(shelf, group)
            bench.door.answer = lambda _: Answer(Outcome.GONE, "status 410")
            bench.lanes.take(delivery(1))
    except* EndpointGoneError:
        ended = True
    assert ended
    assert bench.done == []
    assert await shelf.size(1) == Size(parked=0, dead=0)


async def test_close_forgets_what_waits(shelf: Shelf) -> None:
    """A try that hangs is cut off, what waits behind it is not done."""
    async with asyncio.TaskGroup() as group:
        bench = Bench(shelf, group)

        async def hang(_: Delivery) -> Answer:
            await asyncio.sleep(PATIENCE_S)
            return TAKEN

        bench.door.post = hang  # type: ignore[method-assign]
        bench.lanes.take(delivery(1))
        bench.lanes.take(delivery(2))
        await asyncio.sleep(0)
        await bench.lanes.close(0.01)
    assert (bench.done, bench.lanes.waiting) == ([], 0)


async def test_a_dead_delivery_lives_again_once(shelf: Shelf) -> None:
    """With all its tries before it; the second time it is not among the dead."""
    await shelf.refuse(delivery(7).failed("status 500"), now=0)
    assert await shelf.revive("a7", 0)
    assert not await shelf.revive("a7", 0)
    assert await shelf.first("a") == delivery(7)
    assert await shelf.due(0, 0, 10) == ["a"]


@pytest.mark.parametrize("body", [b"{}", b"x" * (MAX_BODY_BYTES + 1)])
async def test_of_too_many_dead_the_first_are_dropped(shelf: Shelf, body: bytes) -> None:
    """Whatever they died of; how many were dropped is counted."""
    async with asyncio.TaskGroup() as group:
        bench = Bench(shelf, group, dead_max=2)
        bench.door.answer = lambda _: REFUSED
        for offset in (3, 1, 2):
            bench.lanes.take(delivery(offset, f"account-{offset}", body))
            await until(lambda: bench.lanes.waiting == 0)
            for _ in range(2 * bench.lanes.parked):
                await bench.retry(f"account-{offset}")
    assert {d.offset async for d in shelf.dead()} == {1, 2}
    name, labels = "sluicegate_webhook_dropped_total", {"endpoint": "gateway"}
    assert bench.meters.registry.get_sample_value(name, labels) == 1


async def test_what_left_the_dead_no_longer_counts(shelf: Shelf) -> None:
    """Replayed, or erased with its account: there is room for others."""
    for offset, account in enumerate("abcd"):
        await shelf.refuse(delivery(offset, account), now=offset)
    await shelf.revive("a0", now=9)
    await shelf.erase("b", partition=0)
    assert await shelf.trim(2) == 0
    assert await shelf.trim(1) == 1
    assert [d.decision_id async for d in shelf.dead()] == ["d3"]


async def test_a_delivery_that_died_again_is_as_old_as_its_last_death(shelf: Shelf) -> None:
    """A crash repeats it, or a person does: it lies there once, and does not go first."""
    for now, offset in enumerate((1, 2, 1)):
        await shelf.refuse(delivery(offset), now=now)
    assert await shelf.trim(1) == 1
    assert [d.decision_id async for d in shelf.dead()] == ["a1"]


async def test_a_switch_stays_until_it_is_turned(shelf: Shelf) -> None:
    """With its reason."""
    await shelf.switch_off("status 410")
    assert await shelf.off() == "status 410"
    assert await shelf.switch_on()
    assert not await shelf.switch_on()
    assert await shelf.off() is None
