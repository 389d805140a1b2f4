"""Counting alone, without HTTP: the library `limits` beside our ledger, on the same store."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import uvloop
from limits import RateLimitItemPerMinute
from limits.aio.storage import RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter, SlidingWindowCounterRateLimiter

from bench.asks import PER_MINUTE, name
from edge.check.asks import Ask
from edge.check.convoy import Convoy
from edge.check.ledger import RedisLedger
from edge.check.quotas import Quota
from stream.broker.connections import store_client
from stream.settings import load_settings

SIDE_BY_SIDE: Final = 64
_LONGEST_S: Final = 30.0

One = Callable[[int], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the ceilings: requests a second, and CPU seconds of one."""

    what: str
    per_second: float
    cpu: float


def by_limits(strategy: type, url: str, number: int) -> Row:
    """The library with one of its strategies, redis-py beneath it as beneath ours."""

    async def run() -> Row:
        storage = RedisStorage(f"async+redis+{url}", implementation="redispy")
        limiter, item = strategy(storage), RateLimitItemPerMinute(PER_MINUTE)
        title = f"`limits`, {strategy.__name__.removesuffix('RateLimiter')}"
        return await _timed(title, number, lambda n: limiter.hit(item, name(n)))

    return uvloop.run(run())


def by_ledger(url: str, number: int) -> Row:
    """Ours: the same count, and the decision that stands."""

    async def run() -> Row:
        quotas = {1: [Quota("requests", "requests", PER_MINUTE, 60_000)]}
        ledger = RedisLedger(store_client(load_settings(store_url=url)), quotas)
        await ledger.open()
        convoy = Convoy(ledger.spend, _LONGEST_S)
        row = await _timed("our ledger", number, lambda n: convoy.ask(Ask(name(n), 0, 1)))
        await ledger.close()
        return row

    return uvloop.run(run())


def rows(url: str, number: int) -> list[Row]:
    """All of them, one after another in this process."""
    strategies = (MovingWindowRateLimiter, SlidingWindowCounterRateLimiter)
    return [by_ledger(url, number), *(by_limits(s, url, number) for s in strategies)]


async def _timed(what: str, number: int, one: One) -> Row:
    async def several(share: range) -> None:
        for n in share:
            await one(n)

    await several(range(SIDE_BY_SIDE))  # connections and scripts
    began, cpu = time.perf_counter(), time.process_time()
    shares = (range(first, number, SIDE_BY_SIDE) for first in range(SIDE_BY_SIDE))
    await asyncio.gather(*(several(share) for share in shares))
    seconds = time.perf_counter() - began
    return Row(what, number / seconds, (time.process_time() - cpu) / number)
