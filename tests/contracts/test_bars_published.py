"""Bars by way of a real store: what the linker publishes, workers follow."""

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from structlog.testing import capture_logs

from schemas.decisions import Action
from schemas.errors import StoreError
from stream.decide.bars import AT_FIRST, FIRST_ASK, NEVER, Calibration
from stream.demo.embedded import free_port
from stream.link.published import KEY, follow, publish

QUICK_S = 0.01
SOME = Calibration(
    {
        Action.RESTRICT: 0.5,
        Action.RATE_LIMIT: 0.5,
        Action.STEP_UP: 0.7,
        Action.BLOCK: NEVER,
    },
    0.9,
)
FIRST = Calibration(AT_FIRST, FIRST_ASK)


class Ear:
    """Hears bars, one after another."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[Calibration] = asyncio.Queue()

    async def next(self) -> Calibration:
        """The next bars. TimeoutError: none come."""
        return await asyncio.wait_for(self.heard.get(), 30)


@pytest.fixture
async def client(store_url: str) -> AsyncIterator[Redis]:
    """A client of a store without bars."""
    connected = Redis.from_url(store_url)
    await connected.delete(KEY)
    yield connected
    await connected.delete(KEY)
    await connected.aclose()


@pytest.fixture
async def ear(client: Redis) -> AsyncIterator[Ear]:
    """Follows the store's bars."""
    one = Ear()
    task = asyncio.create_task(follow(client, one.heard.put_nowait, QUICK_S))
    yield one
    task.cancel()


async def logged(logs: list[MutableMapping[str, Any]], count: int) -> None:
    """Wait for so many lines."""
    async with asyncio.timeout(30):
        while len(logs) < count:  # noqa: ASYNC110 - a log tells nobody that it has grown
            await asyncio.sleep(QUICK_S)


async def test_what_is_published_is_followed(client: Redis, ear: Ear) -> None:
    """Every bar as it was, infinite ones too; and again when they change."""
    put = publish(client)
    await put(SOME)
    assert await ear.next() == SOME
    await put(FIRST)
    assert await ear.next() == FIRST


async def test_the_same_bars_are_no_news(client: Redis, ear: Ear) -> None:
    """Published once more, nobody hears of them."""
    put = publish(client)
    await put(SOME)
    await put(SOME)
    assert await ear.next() == SOME
    await put(FIRST)
    assert await ear.next() == FIRST


async def test_garbage_is_passed_over(client: Redis, ear: Ear) -> None:
    """What another version wrote changes nothing, is logged, and does not end the following."""
    with capture_logs() as logs:
        await client.set(KEY, b"\xff garbage")
        await logged(logs, 1)
        await publish(client)(SOME)
        assert await ear.next() == SOME
    assert logs[0]["event"] == "bars.unreadable"


async def test_a_store_that_is_away_is_asked_again() -> None:
    """The bars that are held go on; the log says so."""
    lost = Redis(port=free_port(), retry=Retry(NoBackoff(), 0))
    heard: list[Calibration] = []
    with capture_logs() as logs:
        task = asyncio.create_task(follow(lost, heard.append, QUICK_S))
        await logged(logs, 2)
        task.cancel()
    await lost.aclose()
    assert heard == []
    assert {entry["event"] for entry in logs} == {"bars.store_away"}


async def test_publishing_to_a_store_that_is_away_is_an_error() -> None:
    """Whoever publishes decides how long to be patient."""
    lost = Redis(port=free_port(), retry=Retry(NoBackoff(), 0))
    with pytest.raises(StoreError, match="SET"):
        await publish(lost)(SOME)
    await lost.aclose()
