"""What an endpoint did not take: parked deliveries, dead ones, and whether it is switched off.

All of an endpoint's keys share a hash tag: one slot on a cluster. What lies here is deleted when
its account is erased.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from redis.asyncio import Redis, RedisCluster
from redis.exceptions import RedisError

from edge.webhook.delivery import Delivery, pack, unpack
from schemas.errors import StoreError

# redis-py opens a connection for each call under way, and refuses the 101st.
CALLS: Final = 16
# The store does nothing else meanwhile: a bound that was lowered is reached little by little.
TRIMMED: Final = 1_000

_PARK: Final = Path(__file__).with_name("park.lua").read_text("utf-8")
_SETTLE: Final = Path(__file__).with_name("settle.lua").read_text("utf-8")
_TRIM: Final = Path(__file__).with_name("trim.lua").read_text("utf-8")


@dataclass(frozen=True, slots=True)
class Size:
    """How many deliveries of an endpoint wait for a later try, and how many are dead."""

    parked: int
    dead: int


class Shelf:
    """One endpoint's part of the store. Every method raises StoreError."""

    def __init__(self, client: "Redis | RedisCluster", endpoint: str) -> None:
        self._client = client
        self._calls = asyncio.Semaphore(CALLS)
        self._root = f"sg:{{webhook:{endpoint}}}"
        self._dead = f"{self._root}:dead"
        self._died = f"{self._root}:died"
        self._off = f"{self._root}:off"

    async def park(self, delivery: Delivery, due: int, *, replayed: bool = False) -> bool:
        """Put it behind its account's others; tried at `due` (ms) when it is the first.

        False when it was there already. A replayed one may be older than the others.
        """
        keys = self._due(delivery.partition), self._queue(delivery.account_id)
        told = delivery.account_id, pack(delivery), due, int(not replayed)
        return bool(await self._call("EVAL", _PARK, 2, *keys, *told))

    async def first(self, account: str) -> Delivery | None:
        """The delivery of the account that is to be tried next."""
        packed = await self._call("LINDEX", self._queue(account), 0)
        return None if packed is None else unpack(packed)

    async def delivered(self, first: Delivery, now: int) -> int:
        """Take the first one away; how many are left, -1 when it was not the first any more."""
        return await self._settle(first, "delivered", now, first)

    async def later(self, first: Delivery, tried: Delivery, due: int) -> int:
        """Keep the first one, as it is after a try, until `due` (ms)."""
        return await self._settle(first, "later", due, tried)

    async def bury(self, first: Delivery, tried: Delivery, now: int) -> int:
        """Move the first one to the dead; as `delivered`."""
        return await self._settle(first, "dead", now, tried)

    async def _settle(self, first: Delivery, verdict: str, due: int, tried: Delivery) -> int:
        keys = self._due(first.partition), self._queue(first.account_id), self._dead, self._died
        told = first.account_id, pack(first), verdict, due, pack(tried), first.decision_id
        return int(await self._call("EVAL", _SETTLE, 4, *keys, *told))

    async def refuse(self, delivery: Delivery, now: int) -> None:
        """Put what cannot be delivered at all straight to the dead."""
        # Its time first: without one it would never be the oldest.
        await self._call("ZADD", self._died, now, delivery.decision_id)
        await self._call("HSET", self._dead, delivery.decision_id, pack(delivery))

    async def trim(self, most: int) -> int:
        """Drop the dead that died first where there are more than `most`; how many were dropped."""
        return int(await self._call("EVAL", _TRIM, 2, self._dead, self._died, most, TRIMMED))

    async def parked(self, partition: int) -> dict[str, int]:
        """How many deliveries wait, by account, of those that lie in a partition."""
        accounts = await self._call("ZRANGE", self._due(partition), 0, -1)
        names = [account.decode() for account in accounts]
        lengths = await asyncio.gather(*(self._call("LLEN", self._queue(n)) for n in names))
        return dict(zip(names, lengths, strict=True))

    async def due(self, partition: int, now: int, most: int) -> list[str]:
        """The accounts whose first delivery is due, longest due first."""
        key = self._due(partition)
        found = await self._call("ZRANGEBYSCORE", key, "-inf", now, "LIMIT", 0, most)
        return [account.decode() for account in found]

    async def dead(self) -> AsyncIterator[Delivery]:
        """Every dead delivery, in no order."""
        cursor: Any = 0
        while True:
            cursor, found = await self._call("HSCAN", self._dead, cursor, "COUNT", 500)
            for packed in found.values() if isinstance(found, dict) else found[1::2]:
                yield unpack(packed)
            if not int(cursor):
                return

    async def revive(self, decision_id: str, now: int) -> bool:
        """Park a dead delivery again, with all its tries before it; False when there is none."""
        packed = await self._call("HGET", self._dead, decision_id)
        if packed is None:
            return False
        dead = unpack(packed)
        fresh = Delivery(
            dead.decision_id,
            dead.account_id,
            dead.partition,
            dead.offset,
            dead.decided_at,
            dead.body,
        )
        await self.park(fresh, now, replayed=True)
        await self._exhume([decision_id])
        return True

    async def erase(self, account: str, partition: int) -> None:
        """Forget all deliveries of an account."""
        await self._call("DEL", self._queue(account))
        await self._call("ZREM", self._due(partition), account)
        gone = [d.decision_id async for d in self.dead() if d.account_id == account]
        if gone:
            await self._exhume(gone)

    async def _exhume(self, decisions: list[str]) -> None:
        """Take deliveries from the dead."""
        await self._call("HDEL", self._dead, *decisions)
        await self._call("ZREM", self._died, *decisions)

    async def size(self, partitions: int) -> Size:
        """What lies here, over all partitions."""
        queues = [await self.parked(partition) for partition in range(partitions)]
        parked = sum(sum(queue.values()) for queue in queues)
        return Size(parked, await self._call("HLEN", self._dead))

    async def switch_off(self, reason: str) -> None:
        """Deliver nothing more until somebody switches it on."""
        await self._call("SET", self._off, reason)

    async def switch_on(self) -> bool:
        """Deliver again; False when it was on."""
        return bool(await self._call("DEL", self._off))

    async def off(self) -> str | None:
        """Why it is switched off; None when it is on."""
        reason = await self._call("GET", self._off)
        return None if reason is None else reason.decode()

    def _due(self, partition: int) -> str:
        return f"{self._root}:due:{partition}"

    def _queue(self, account: str) -> str:
        return f"{self._root}:q:{account}"

    async def _call(self, command: str, *arguments: str | bytes | int) -> Any:
        try:
            async with self._calls:
                return await self._client.execute_command(command, *arguments)
        except (RedisError, OSError) as error:
            raise StoreError(f"{command}: {error}") from error
