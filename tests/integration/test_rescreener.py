"""All known names are compared with a new roll once, by whichever worker comes first."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from stream.broker.connections import store_client
from stream.know import rescreener
from stream.know.rescreener import AGAIN_S, SILENT_S, Rescreener, key
from stream.settings import load_settings

PATIENCE_S = 60.0


@pytest.fixture
async def client(store_url: str) -> AsyncIterator[Any]:
    """An empty store."""
    opened = store_client(load_settings(store_url=store_url))
    await opened.flushdb()
    yield opened
    await opened.aclose()


class Run:
    """Counts runs, and says of each what `wrong` says."""

    def __init__(self, wrong: str = "") -> None:
        self.count = 0
        self.wrong = wrong

    async def __call__(self) -> str:
        self.count += 1
        await asyncio.sleep(0)  # others may ask meanwhile
        return self.wrong


async def test_one_of_all_workers_compares(client: Any) -> None:
    """Each roll once, however many ask, at once and later."""
    run = Run()
    workers = [Rescreener(client, run) for _ in range(3)]
    for roll in ("", "one", "one", "two"):
        await asyncio.gather(*(worker(roll) for worker in workers))
    assert run.count == 2


async def test_who_compares_says_so_and_who_died_is_followed(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run may take longer than others wait for a sign of life."""
    monkeypatch.setattr(rescreener, "BEAT_S", 0.01)
    begun, over, run = asyncio.Event(), asyncio.Event(), Run()

    async def slow() -> str:
        await client.expire(key("one"), 1_000)  # which the next beat makes less
        begun.set()
        await over.wait()
        return ""

    first = asyncio.create_task(Rescreener(client, slow)("one"))
    async with asyncio.timeout(PATIENCE_S):
        await begun.wait()
        while await client.ttl(key("one")) > SILENT_S:  # noqa: ASYNC110 - a store tells nobody
            await asyncio.sleep(0.01)
    await Rescreener(client, run)("one")
    assert run.count == 0
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    assert await client.delete(key("one")) == 1  # its time is over
    await Rescreener(client, run)("one")
    assert run.count == 1


async def test_what_failed_is_tried_again_later(client: Any) -> None:
    """Not at once, and by anybody."""
    run = Run("the store was away")
    await Rescreener(client, run)("one")
    await Rescreener(client, run)("one")
    assert run.count == 1
    assert 0 < await client.ttl(key("one")) <= AGAIN_S
    await client.delete(key("one"))
    run.wrong = ""
    await Rescreener(client, run)("one")
    assert run.count == 2
    assert await client.get(key("one")) == b"done"
