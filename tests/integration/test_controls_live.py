"""Orders by way of a real broker and store: written, followed, told at once."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from schemas.controls import Switch
from schemas.decisions import Action, Decision
from schemas.errors import ConfigurationError
from stream.broker.connections import store_client
from stream.broker.topics import create_topics
from stream.controls.acting import open_acting
from stream.controls.following import following
from stream.controls.mirror import KEY, look, put
from stream.controls.table import Controls
from stream.decide.court import wall_clock
from stream.redis_store import RedisStore
from stream.settings import Settings, load_settings
from tests.e2e.live import on_both_pairs
from tests.servers import Broker
from tests.topics import Topics
from tests.unit.gates import DAY
from tests.unit.ordered import pin
from tests.waiting import until

PATIENCE_S = 60.0
QUICK_S = 0.01


@pytest.fixture
async def settings(broker: Broker, store_url: str, topic: str) -> AsyncIterator[Settings]:
    """Topics of the test's own, and a store in which nobody has switched."""
    told = load_settings(
        kafka_bootstrap=broker.address, store_url=store_url, topic_prefix=f"{topic}.", partitions=2
    )
    await create_topics(told)
    client = store_client(told)
    await client.delete(KEY)
    yield told
    await client.delete(KEY)
    await client.aclose()


def switch(mode: str, ts: int = 1) -> Switch:
    """Somebody switches."""
    return msgspec.convert(
        {"kind": "mode", "mode": mode, "author": "kim", "reason": "a drill", "ts": ts}, Switch
    )


@on_both_pairs
async def test_an_override_is_told_at_once(settings: Settings, broker: Broker) -> None:
    """On the topic of decisions, and in the store, where the edge's check looks."""
    now = wall_clock()
    override = pin("ada", Action.BLOCK, ts=now, expires_at=now + DAY)
    async with open_acting(settings, Controls()) as acting:
        await acting.override(override)
    found = await Topics(broker.address).values(settings.topic("decisions"))
    (told,) = [Decision.model_validate_json(message) for part in found for message in part]
    assert (told.action, told.cause, told.expires_at) == (Action.BLOCK, "override", now + DAY)
    assert (told.account_id, told.reasons[0].text) == ("ada", "a customer of ours")
    client = store_client(settings)
    held = await RedisStore(client).decision("ada")
    await client.aclose()
    assert Decision.model_validate_json(held or b"") == told


@on_both_pairs
async def test_whoever_follows_knows_every_order(settings: Settings) -> None:
    """Those that were there before it began, and each one that comes."""
    now = wall_clock()
    async with open_acting(settings, Controls()) as acting:
        await acting.override(pin("ada", ts=now, expires_at=now + DAY))
        known = Controls()
        async with following(settings, known.take, known.forget):
            assert [one.value for one in known.overrides] == ["ada"]
            await acting.publish(switch("shadow"))
            await until(lambda: known.mode == "shadow")
            await acting.override(pin("ada", ts=now + 1, expires_at=now + DAY, lifted=True))
            await until(lambda: not known.overrides)
    again = Controls()
    async with following(settings, again.take, again.forget):
        assert (again.mode, again.overrides) == ("shadow", [])


@on_both_pairs
async def test_what_cannot_be_read_is_passed_over(settings: Settings, broker: Broker) -> None:
    """An order of a newer version, and the place of an account that is erased."""
    name, known = settings.topic("controls"), Controls()
    await Topics(broker.address).fill(name, {0: [b'{"kind": "later"}', None]}, [b"a", b"b"])
    async with open_acting(settings, Controls()) as acting:
        await acting.publish(switch("shadow"))
    async with following(settings, known.take, known.forget):
        assert known.mode == "shadow"


async def test_a_broker_that_is_away_is_named() -> None:
    """Nobody decides without knowing the orders."""
    away = load_settings(kafka_bootstrap="127.0.0.1:9")
    with pytest.raises(ConfigurationError, match="SLUICEGATE_KAFKA_BOOTSTRAP"):
        await following(away, Controls().take, Controls().forget).__aenter__()


async def test_the_edge_sees_the_switch(store_url: str) -> None:
    """And an older order, from whoever does not know the last one yet, changes nothing."""
    client, modes = store_client(load_settings(store_url=store_url)), asyncio.Queue[str | None]()
    await client.delete(KEY)
    task = asyncio.create_task(look(client, modes.put_nowait, QUICK_S))
    try:
        async with asyncio.timeout(PATIENCE_S):
            await put(client, switch("shadow", 2))
            assert await modes.get() == "shadow"
            await put(client, switch("enforce", 1))
            await put(client, switch("enforce", 3))
            assert await modes.get() == "enforce"
    finally:
        task.cancel()
        await client.delete(KEY)
        await client.aclose()
