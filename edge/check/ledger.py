"""The ledger: what stands about accounts and what they have left, asked of the store at once."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha1
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any, Final, Protocol

import structlog
from redis.asyncio import Redis, RedisCluster
from redis.exceptions import NoScriptError, RedisError

from edge.check.asks import Ask, Settlement
from edge.check.quotas import Level, Quota, encode_quotas
from schemas.decisions import Mode
from schemas.errors import StoreError
from stream.keys import buckets_key, decision_key, shard

_SPEND: Final = Path(__file__).with_name("spend.lua").read_text("utf-8")
# Redis names a script by its SHA-1; nothing secret hangs on it.
_DIGEST: Final = sha1(_SPEND.encode(), usedforsecurity=False).hexdigest()

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Spent:
    """What the store answered: whether the quotas bear it, the decision in force (a message, or
    empty), and the buckets' levels."""

    granted: bool
    decision: bytes
    levels: tuple[Level, ...]


Cost = Ask | Settlement


class Ledger(Protocol):
    """Where decisions stand and quotas are counted. Raises StoreError."""

    async def spend(self, asks: Sequence[Cost]) -> list[Spent]:
        """Take what each ask costs from its account's buckets, or nothing where one lacks it; a
        settlement takes or gives back the rest, whatever is left."""


class RedisLedger:
    """Redis or Valkey, one server or a cluster; one script call for all asks of a hash slot."""

    def __init__(
        self, client: "Redis | RedisCluster", by_tier: Mapping[int, Sequence[Quota]]
    ) -> None:
        self._client = client
        self._clustered = isinstance(client, RedisCluster)
        self._quotas = encode_quotas(by_tier)
        self._enforced = True

    def heed(self, mode: Mode | None) -> None:
        """Act on what stands from now on, or on nothing; None: by each decision's own mode."""
        self._enforced = mode != "shadow"

    async def spend(self, asks: Sequence[Cost]) -> list[Spent]:
        """As Ledger.spend; several edges may ask at the same time, and no grant is given twice."""
        if not self._clustered:
            return await self._spend(asks)
        by_shard = defaultdict(list)
        for place, ask in enumerate(asks):
            by_shard[shard(ask.account_id)].append(place)
        groups = list(by_shard.values())
        answers = await asyncio.gather(*(self._spend([asks[i] for i in g]) for g in groups))
        placed = zip(chain(*groups), chain(*answers), strict=True)
        return [answer for _, answer in sorted(placed, key=itemgetter(0))]

    async def open(self) -> None:
        """Connect and leave the script there, which takes longer than the first check may.

        Raises StoreError when the store cannot be reached; it may be tried again by asking.
        """
        try:
            await self._client.script_load(_SPEND)
        except (RedisError, OSError) as error:
            raise StoreError(f"SCRIPT LOAD: {error}") from error

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _spend(self, asks: Sequence[Cost]) -> list[Spent]:
        keys: list[str] = []
        arguments: list[bytes | int | str] = [int(self._enforced), self._quotas]
        for ask in asks:
            keys += (decision_key(ask.account_id), buckets_key(ask.account_id))
            tier = "" if ask.tier is None else ask.tier
            arguments += (ask.tokens, "" if ask.ts is None else ask.ts, tier, int(ask.settles))
        return [_spent(answer) for answer in await self._run(keys, arguments)]

    async def _run(self, keys: list[str], arguments: list[bytes | int | str]) -> list[Any]:
        found: list[Any]
        try:
            try:
                found = await self._client.evalsha(_DIGEST, len(keys), *keys, *arguments)
            except NoScriptError:
                # A restarted server, another node, or a proxy that keeps none.
                log.warning("edge.script_missing", fallback="EVAL")
                found = await self._client.eval(_SPEND, len(keys), *keys, *arguments)
        except (RedisError, OSError) as error:
            raise StoreError(f"spend: {error}") from error
        return found


def _spent(answer: list[Any]) -> Spent:
    levels = tuple(Level(level[0].decode(), *level[1:]) for level in answer[2:])
    return Spent(bool(answer[0]), answer[1], levels)
