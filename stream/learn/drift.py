"""Drift of a running system: every worker counts, off the hot path, and posts what it counted.

Counts of several workers add up, so whoever asks (`sluicegate doctor`) sees the whole stream.
"""

import asyncio
import os
import socket
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
import numpy as np
import structlog
from redis.exceptions import RedisError

from scorers.drift import Counts, Summary
from stream.learn.meters import DriftMeters
from stream.learn.sample import Sample

if TYPE_CHECKING:
    from redis.asyncio import Redis, RedisCluster

KEY: Final = "sg:drift"
EVERY_S: Final = 60.0
FEWEST: Final = 500  # rows: with fewer, chance alone moves the index by 0.02 and more
STALE_MS: Final = 900_000  # a worker that has posted nothing for so long is not there

log = structlog.get_logger()


class Served(NamedTuple):
    """Which model serves, and the summary of what it was trained on; None: it has none."""

    version: str
    summary: Summary | None


class Post(msgspec.Struct, array_like=True):
    """What a worker counted: the model that served, when (ms), and int64[features, bins]."""

    model: str
    ts: int
    counts: list[list[int]]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Post).decode


class Drift:
    """One worker's view. `served`: asked each time, since bundles are swapped."""

    def __init__(
        self,
        sample: Sample,
        served: Callable[[], Served],
        meters: DriftMeters,
        client: "Redis | RedisCluster",
        now: Callable[[], int] = lambda: int(time.time() * 1_000),
        worker: str = "",
    ) -> None:
        self._sample = sample
        self._served = served
        self._meters = meters
        self._client = client
        self._now = now
        self._worker = worker or f"{socket.gethostname()}:{os.getpid()}"

    async def run(self, every_s: float = EVERY_S) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.sleep(every_s)
            await self.look()

    async def look(self) -> None:
        """Count the sample, show it and post it. Where the store is away, it is only shown."""
        version, summary = self._served()
        rows = self._sample.rows()
        if summary is None or len(rows) < FEWEST:
            self._meters.clear()
            return
        # 4,096 rows take about 15 ms: too long for the loop.
        counts = await asyncio.to_thread(summary.count, rows)
        self._meters.tell(summary, counts)
        post = Post(version, self._now(), counts.tolist())
        try:
            await self._put(_encode(post))
        except RedisError as error:
            log.warning("drift.store_away", error=str(error))

    async def _put(self, post: bytes) -> None:
        client: Any = self._client
        held = await client.hgetall(KEY)
        gone = [worker for worker, value in held.items() if not _fresh(value, self._now())]
        if gone:
            await client.hdel(KEY, *gone)
        await client.hset(KEY, self._worker, post)


async def posted(client: "Redis | RedisCluster", version: str, now: int) -> dict[str, Counts]:
    """What each worker that serves this model counted last. Raises RedisError."""
    asked: Any = client
    held: Mapping[bytes, bytes] = await asked.hgetall(KEY)
    found = {worker: _fresh(value, now) for worker, value in held.items()}
    return {
        worker.decode("utf-8", "replace"): np.array(post.counts, np.int64)
        for worker, post in found.items()
        if post and post.model == version
    }


def _fresh(value: bytes, now: int) -> Post | None:
    """A post that still counts; None for an old one, or one of another version of this program."""
    try:
        post = _decode(value)
    except msgspec.MsgspecError:
        return None
    return post if post.ts > now - STALE_MS else None
