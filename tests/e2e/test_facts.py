"""Account events in any order, through a worker that is killed: the same profiles in the store."""

import asyncio
import random
from pathlib import Path

import msgspec

from kyc.profile import Profile
from simulate.population import Population
from simulate.scenarios import HONEST, LONERS, Scenario
from stream.decode.geography import open_geography
from stream.know.profiles import unseal
from stream.lines import ACCOUNTS, Line, lines
from stream.settings import Settings
from stream.store import Kind, MemoryStore
from tests.e2e.live import Live, living, on_both_pairs
from tests.servers import Broker
from tests.unit.gates import ListSink, chunk, registry

RATE = 4_000.0
SCENARIO = Scenario("facts", 300, 3.0, (*HONEST[:3], *LONERS))


def in_order() -> list[bytes]:
    """The account events of a small population, one of them erased at the end."""
    events = list(Population(SCENARIO).account_events())
    erased = {"event_id": "erased", "account_id": events[0]["account_id"], "ts": events[-1]["ts"]}
    return [msgspec.json.encode(e) for e in [*events, erased | {"type": "account.erased"}]]


def disordered(bodies: list[bytes]) -> list[Line]:
    """The same events in another order, some of them twice, and some garbage."""
    rng = random.Random(5)  # noqa: S311 - a seeded order
    told = [*bodies, *rng.sample(bodies, 100)]
    rng.shuffle(told)
    return [line for line in lines(ACCOUNTS, told) if line.key] + garbage()


def garbage() -> list[Line]:
    """What becomes a dead letter."""
    return [Line(ACCOUNTS, n, b"nobody", b"{", 0) for n in range(20)]


@on_both_pairs
def test_profiles_do_not_depend_on_order_repeats_and_kills(
    broker: Broker, store_url: str, tmp_path: Path
) -> None:
    """What a worker keeps is what the events say, read one after the other without a mishap."""
    bodies = in_order()
    with living(broker, store_url, tmp_path, "facts") as live:
        found, letters = asyncio.run(_through_workers(live, disordered(bodies)))
        settings = live.settings()
    expected = asyncio.run(_undisturbed(settings, bodies))
    assert len(expected) == 300
    assert found == expected
    assert letters >= 20


async def _through_workers(live: Live, events: list[Line]) -> tuple[dict[str, Profile], int]:
    first = live.start()
    half = len(events) // 2
    await live.send(events[:half], RATE)
    await live.until(first.handled)
    first.kill()
    second = live.start()
    await live.send(events[half:], RATE)
    await live.all_done()
    assert await second.stop() == 0
    accounts = sorted({line.key.decode() for line in events if line.key} - {"nobody"})
    held = await live.states(accounts, Kind.PROFILE)
    letters = await live.values("dead-letters")
    return {account: unseal(value) for account, value in held.items()}, len(letters)


async def _undisturbed(settings: Settings, bodies: list[bytes]) -> dict[str, Profile]:
    store, geography = MemoryStore(), open_geography(settings)
    alike = registry(ListSink(), store, pepper=settings.pepper_bytes(), geography=geography)
    await alike.handle(chunk(*lines(ACCOUNTS, bodies)))
    return {account: unseal(value) for account, value in store.profiles.items()}
