"""Bars by way of the store: the linker publishes them, every worker follows."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

import msgspec
import structlog
from redis.exceptions import RedisError

from schemas.errors import StoreError
from stream.decide.bars import Calibration

if TYPE_CHECKING:
    from redis.asyncio import Redis, RedisCluster

KEY: Final = "sg:bars"
EVERY_S: Final = 15.0  # a search comes every quarter of an hour at most, bars move slowly

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Calibration).decode

log = structlog.get_logger()


def publish(client: "Redis | RedisCluster") -> Callable[[Calibration], Awaitable[None]]:
    """A function that puts bars where workers look. It raises StoreError."""

    async def put(bars: Calibration) -> None:
        try:
            await client.set(KEY, _encode((dict(bars.actions), bars.ask)))
        except RedisError as error:
            raise StoreError(f"SET: {error}") from error

    return put


async def follow(
    client: "Redis | RedisCluster", heed: Callable[[Calibration], None], every_s: float = EVERY_S
) -> None:
    """Hand over the published bars whenever they change, until cancelled."""
    held: Any = None
    while True:
        try:
            found: Any = await client.get(KEY)
        except RedisError as error:
            # The bars that are held go on: they were right a moment ago.
            log.warning("bars.store_away", error=str(error))
        else:
            if found is not None and found != held:
                held = found
                _hand_over(found, heed)
        await asyncio.sleep(every_s)


def _hand_over(found: bytes, heed: Callable[[Calibration], None]) -> None:
    try:
        bars = _decode(found)
    except msgspec.MsgspecError as error:
        # A linker of another version: what is held goes on, until one of ours publishes again.
        log.warning("bars.unreadable", error=str(error))
    else:
        heed(bars)
