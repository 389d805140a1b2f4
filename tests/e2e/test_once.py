"""Each event counts once: workers die in the middle of their work, again and again, under load."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random

import msgspec
import pytest

from schemas.decisions import DeadLetter
from schemas.wire import DecisionWire
from stream.broker.connections import store_client
from tests.e2e.live import Kept, Live, Worker, living, on_both_pairs, undated, undisturbed
from tests.e2e.rough import rough_requests
from tests.servers import Broker

REQUESTS = 30_000
RATE = 3_000.0  # traffic goes on while workers die
KILLS = 6  # on each pair: what the twentieth would find, the first twelve do
EVERY_HELD = 3  # each third worker dies between emit and write
HELD_MS = 60_000
# Much is out and written that is not committed yet.
SLOW = {"commit_interval_ms": 1_000, "batch_max": 60}

pytestmark = on_both_pairs
_read = msgspec.json.Decoder(DecisionWire).decode


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What there is after an ordeal, and what there would be without it."""

    decisions: list[bytes]
    letters: list[DeadLetter]
    states: dict[str, bytes | None]
    truth: Kept


@pytest.fixture(scope="module")
def killed(
    broker: Broker, store_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Aftermath]:
    """Workers killed one after another while traffic goes on, the last one left to finish."""
    # The next worker waits for the end of the killed one's session.
    quick = {"session_timeout_ms": 1_000, "heartbeat_ms": 200}
    with living(
        broker, store_url, tmp_path_factory.mktemp("once"), "once", **quick, **SLOW
    ) as live:
        yield asyncio.run(_survive(live, _kill_many))


@pytest.fixture(scope="module")
def handed_over(
    broker: Broker, store_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Aftermath]:
    """One worker, then a second beside it, then the first one killed, under load."""
    folder = tmp_path_factory.mktemp("handover")
    with living(broker, store_url, folder, "handover", **SLOW) as live:
        yield asyncio.run(_survive(live, _hand_over))


async def _survive(
    live: Live, suffer: Callable[[Live, list[bytes]], Awaitable[Worker]]
) -> Aftermath:
    settings = live.settings()
    async with live.watched() as seen:
        traffic = asyncio.create_task(live.send(rough_requests(REQUESTS, seed=5), RATE))
        last = await suffer(live, seen)
        await traffic
        await live.all_done()
        await last.stop()
    truth = await undisturbed(settings, await live.records("requests"))
    return Aftermath(
        await live.values("decisions"),
        [DeadLetter.model_validate_json(letter) for letter in await live.values("dead-letters")],
        await live.states(list(truth.states)),
        truth,
    )


async def _kill_many(live: Live, seen: list[bytes]) -> Worker:
    random = Random(7)  # noqa: S311 - moments to die at
    for number in range(KILLS):
        if number % EVERY_HELD == 0:
            await _kill_before_writing(live, seen)
        else:
            await _kill_at_work(live, seen, random.randrange(1, 500))
        assert not await live.idle(), "a worker had nothing left to do when it was killed"
    return live.start()


async def _kill_at_work(live: Live, seen: list[bytes], after: int) -> None:
    goal = len(seen) + after
    worker = live.start()
    await live.until(lambda: len(seen) >= goal)
    worker.kill()


@asynccontextmanager
async def _held(live: Live) -> AsyncIterator[None]:
    """The store answers reads only."""
    client = store_client(live.settings())
    await client.execute_command("CLIENT", "PAUSE", HELD_MS, "WRITE")
    try:
        yield
    finally:
        await client.execute_command("CLIENT", "UNPAUSE")
        await client.aclose()


async def _kill_before_writing(live: Live, seen: list[bytes]) -> None:
    """A worker gets as far as the write of its first batches."""
    async with _held(live):
        await _kill_at_work(live, seen, after=1)


async def _hand_over(live: Live, seen: list[bytes]) -> Worker:
    first = live.start()
    await live.until(lambda: len(seen) > 500)
    async with _held(live):  # it must not be through before the second one joins
        second = live.start()
        await live.until(second.healthy)
    await live.until(second.handled)
    first.kill()
    assert not await live.idle(), "nothing was left for the second worker"
    return second


def test_no_kill_changes_a_state(killed: Aftermath) -> None:
    """Every account's bytes in the store are those of a worker that nobody stops."""
    assert killed.states == killed.truth.states


def test_no_kill_loses_or_invents_a_decision(killed: Aftermath) -> None:
    """Every event that counts has its decision, and duplicates differ in `decided_at` only."""
    assert {undated(d) for d in killed.decisions} == set(killed.truth.decisions)


def test_kills_came_between_emit_and_write(killed: Aftermath) -> None:
    """Decisions that were out before their state was written came out twice: the hard case."""
    assert len(killed.decisions) > len({_read(d).decision_id for d in killed.decisions})


def test_no_kill_loses_a_dead_letter(killed: Aftermath) -> None:
    """Every malformed and every late message has at least one."""
    expected = {letter.model_dump_json() for letter in killed.truth.letters}
    assert len(expected) > REQUESTS // 100
    assert {letter.model_dump_json() for letter in killed.letters} == expected


def test_no_handover_changes_a_state(handed_over: Aftermath) -> None:
    """Partitions that move to a worker and come back leave the same bytes."""
    assert handed_over.states == handed_over.truth.states


def test_no_handover_loses_or_invents_a_decision(handed_over: Aftermath) -> None:
    """Every event that counts has its decision, and duplicates differ in `decided_at` only."""
    assert {undated(d) for d in handed_over.decisions} == set(handed_over.truth.decisions)
