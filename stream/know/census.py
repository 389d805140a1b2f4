"""The census: which accounts have the values that can be shared, in Redis or in memory.

A claim is noted once, however often it is told, so that a repeated chunk changes nothing. It
counts what the stream has seen until now: the account that comes first cannot know who will
follow, and learns it with its next event.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

import msgspec
from redis.asyncio import Redis, RedisCluster
from redis.exceptions import RedisError

from kyc.claims import Claim, Counts
from schemas.errors import StoreError
from stream.store import SHARDS

LIFETIME_S: Final = 90 * 86_400
_encode: Final = msgspec.msgpack.Encoder().encode
_SCRIPT: Final = Path(__file__).with_name("census.lua").read_text("utf-8")


class Noted(NamedTuple):
    """A claim of an account (a hash that stands for it), to be counted as of `until` ms."""

    account: int
    claim: Claim
    until: int


class Census(Protocol):
    """Who has what. Methods raise StoreError."""

    async def count(self, noted: Sequence[Noted]) -> list[Counts]:
        """Note all claims, then count for each the account itself and those that claimed the same
        before it; those that claimed it last, as many as are kept of its kind."""

    async def forget(self, noted: Sequence[Noted]) -> None:
        """Take claims back, as if they had not been made."""


@dataclass(slots=True)
class MemoryCensus:
    """A census in this process, for replay, training and tests. It keeps every account, so that
    one that comes later in a chunk cannot change a count."""

    _accounts: dict[tuple[str, int], dict[int, int]] = field(
        default_factory=lambda: defaultdict(dict)
    )

    async def count(self, noted: Sequence[Noted]) -> list[Counts]:
        for account, claim, _ in noted:
            accounts = self._accounts[claim.kind, claim.value]
            accounts[account] = min(claim.at, accounts.get(account, claim.at))
        return [self._counts(one) for one in noted]

    async def forget(self, noted: Sequence[Noted]) -> None:
        for account, claim, _ in noted:
            self._accounts[claim.kind, claim.value].pop(account, None)

    def _counts(self, noted: Noted) -> Counts:
        account, claim, until = noted
        times = self._accounts[claim.kind, claim.value]
        windows, most = claim.span
        spans = ((-1, until), *((claim.at - window, claim.at) for window in windows))
        return tuple(
            min(1 + sum(since < t < before for one, t in times.items() if one != account), most)
            for since, before in spans
        )


class RedisCensus:
    """A census in Redis or Valkey, one server or a cluster."""

    def __init__(self, client: "Redis | RedisCluster") -> None:
        self._script: Any = client.register_script(_SCRIPT)
        self._client = client
        self._clustered = isinstance(client, RedisCluster)

    async def count(self, noted: Sequence[Noted]) -> list[Counts]:
        counts: dict[int, Counts] = {}
        for group in self._groups(noted):
            found = await self._count([noted[place] for place in group])
            counts |= zip(group, found, strict=True)
        return [counts[place] for place in range(len(noted))]

    async def _count(self, noted: Sequence[Noted]) -> list[Counts]:
        # One argument for all: the client spends 2 µs on each. Accounts as text, since Lua's
        # numbers end at 2^53.
        told = [(str(account), claim.at, until, *claim.span) for account, claim, until in noted]
        try:
            keys = [census_key(one.claim) for one in noted]
            found = await self._script(keys, [LIFETIME_S, _encode(told)])
        except RedisError as error:
            raise StoreError(f"census: {error}") from error
        counts = iter(found)
        return [tuple(islice(counts, 1 + len(one.claim.span.windows))) for one in noted]

    async def forget(self, noted: Sequence[Noted]) -> None:
        try:
            for account, claim, _ in noted:
                await self._client.zrem(census_key(claim), str(account))
        except RedisError as error:
            raise StoreError(f"ZREM: {error}") from error

    def _groups(self, noted: Sequence[Noted]) -> list[Sequence[int]]:
        """Places of what may go into one call: of all, or on a cluster of what shares a slot."""
        if not self._clustered:
            return [range(len(noted))] if noted else []
        groups: Mapping[int, list[int]] = defaultdict(list)
        for place, one in enumerate(noted):
            groups[one.claim.value % SHARDS].append(place)
        return list(groups.values())


def census_key(claim: Claim) -> str:
    """Key of the accounts that have a value."""
    return f"sg:{{{claim.value % SHARDS}}}:n:{claim.kind}:{claim.value:x}"
