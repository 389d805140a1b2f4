"""Drift by way of a real store: what workers count, the doctor adds up."""

from collections.abc import AsyncIterator

import numpy as np
import pytest
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

from schemas.features import FEATURE_NAMES
from scorers.drift import Summary
from stream.learn.drift import KEY, STALE_MS, Drift, Served, posted
from stream.learn.meters import DriftMeters
from stream.learn.sample import Sample

NOW = 1_780_000_000_000
ROWS = np.random.default_rng(0).normal(size=(900, len(FEATURE_NAMES))).astype(np.float32)
SUMMARY = Summary.describe(FEATURE_NAMES, ROWS)


class Held(Sample):
    """A sample of the same rows for everybody."""

    def rows(self) -> np.ndarray:
        return ROWS


@pytest.fixture
async def client(store_url: str) -> AsyncIterator[Redis]:
    """A client of a store in which nothing is posted."""
    connected = Redis.from_url(store_url)
    await connected.delete(KEY)
    yield connected
    await connected.delete(KEY)
    await connected.aclose()


async def post(client: Redis, worker: str, model: str = "m", at: int = NOW) -> None:
    """One look of one worker."""
    meters, served = DriftMeters(CollectorRegistry()), Served(model, SUMMARY)
    await Drift(Held(), lambda: served, meters, client, lambda: at, worker).look()


async def test_what_every_worker_counted_is_there(client: Redis) -> None:
    """Under its name, the last one each."""
    for worker in ("a", "b", "a"):
        await post(client, worker)
    found = await posted(client, "m", NOW)
    assert set(found) == {"a", "b"}
    assert np.array_equal(found["a"], SUMMARY.counts)


async def test_workers_of_one_machine_stand_side_by_side(
    client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes: neither takes the other's place."""
    for pid in (11, 12):
        monkeypatch.setattr("os.getpid", lambda pid=pid: pid)
        await post(client, worker="")
    assert len(await posted(client, "m", NOW)) == 2


async def test_counts_of_another_model_are_left_out(client: Redis) -> None:
    """They lie in other bins."""
    await post(client, "a", "old")
    await post(client, "b")
    assert set(await posted(client, "m", NOW)) == {"b"}


async def test_who_posts_no_more_is_forgotten(client: Redis) -> None:
    """By readers at once, and in the store by the next who posts."""
    await post(client, "gone", at=NOW - STALE_MS)
    await client.hset(KEY, "foreign", b"garbage")  # type: ignore[misc]  # of a client that awaits
    assert await posted(client, "m", NOW) == {}
    await post(client, "here")
    assert await client.hkeys(KEY) == [b"here"]  # type: ignore[misc]  # as above
