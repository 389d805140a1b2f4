"""The census: which accounts have the values that can be shared, in Redis or in memory.

A claim is noted once, however often it is told, so that a repeated chunk changes nothing. It
counts what the stream has seen until now: the account that comes first cannot know who will
follow, and learns it with its next event, or with its first requests (stream/know/again.py).
"""

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

import msgspec
from redis.asyncio import Redis, RedisCluster
from redis.exceptions import RedisError

from kyc.claims import Claim, Counts, Span
from schemas.errors import StoreError
from stream.keys import SHARDS

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

    async def count(self, noted: Sequence[Noted], *, note: bool = True) -> list[Counts]:
        """Note all claims, then count for each the account itself and those that claimed the same
        by then; those that claimed it last, as many as are kept of its kind.

        note: False only looks, and changes nothing.
        """

    async def forget(self, noted: Sequence[Noted]) -> None:
        """Take claims back, as if they had not been made."""


@dataclass(slots=True)
class _Claimants:
    """When each account claimed a value. All of a provider's accounts share some values, so the
    times stand in order as well: a window is two bisections, not a walk over everybody."""

    _at: dict[int, int] = field(default_factory=dict)
    _times: list[int] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self._at)

    def note(self, account: int, at: int) -> None:
        """An account claims it, at the earliest time that is told."""
        if at < self._at.get(account, at + 1):
            self.forget(account)
            self._at[account] = at
            insort(self._times, at)

    def forget(self, account: int) -> None:
        """An account has not claimed it."""
        held = self._at.pop(account, None)
        if held is not None:
            del self._times[bisect_left(self._times, held)]

    def others(self, account: int, since: int, before: int) -> int:
        """How many accounts but this one claimed it between two times, neither of them included."""
        own = since < self._at.get(account, since) < before
        return bisect_left(self._times, before) - bisect_right(self._times, since) - own


_NOBODY: Final = _Claimants()


@dataclass(slots=True)
class MemoryCensus:
    """A census in this process, for replay, training and tests. It keeps every account, so that
    one that comes later in a chunk cannot change a count."""

    _claimants: dict[tuple[str, int], _Claimants] = field(
        default_factory=lambda: defaultdict(_Claimants)
    )

    async def count(self, noted: Sequence[Noted], *, note: bool = True) -> list[Counts]:
        for account, claim, _ in noted if note else ():
            self._claimants[claim.kind, claim.value].note(account, claim.at)
        return [self._counts(one) for one in noted]

    async def forget(self, noted: Sequence[Noted]) -> None:
        for account, claim, _ in noted:
            self._claimants[claim.kind, claim.value].forget(account)

    def _counts(self, noted: Noted) -> Counts:
        account, claim, until = noted
        claimants = self._claimants.get((claim.kind, claim.value), _NOBODY)
        span = claim.span
        return tuple(
            min(1 + claimants.others(account, since, before), span.most)
            for since, before in span.around(claim.at, until)
        )


class RedisCensus:
    """A census in Redis or Valkey, one server or a cluster."""

    def __init__(self, client: "Redis | RedisCluster") -> None:
        self._script: Any = client.register_script(_SCRIPT)
        self._client = client
        self._clustered = isinstance(client, RedisCluster)

    async def count(self, noted: Sequence[Noted], *, note: bool = True) -> list[Counts]:
        counts: dict[int, Counts] = {}
        for group in self._groups(noted):
            found = await self._count([noted[place] for place in group], note)
            counts |= zip(group, found, strict=True)
        return [counts[place] for place in range(len(noted))]

    async def _count(self, noted: Sequence[Noted], note: bool) -> list[Counts]:
        """Each claim is told once: two of three are those of an event just before."""
        places: dict[tuple[int, Claim], list[int]] = {}
        for place, (account, claim, _) in enumerate(noted):
            places.setdefault((account, claim), []).append(place)
        # One argument for all: the client spends 2 µs on each. Accounts as text, since Lua's
        # numbers end at 2^53.
        told = [
            (str(account), claim.at, span.most, _spans(noted, claim.at, span, at))
            for (account, claim), at in places.items()
            for span in (claim.span,)
        ]
        try:
            keys = [census_key(claim) for _, claim in places]
            found = iter(await self._script(keys, [LIFETIME_S, _encode(told), int(note)]))
        except RedisError as error:
            raise StoreError(f"census: {error}") from error
        counts: list[Counts] = [()] * len(noted)
        for (_, claim), at in places.items():
            each = len(claim.span.windows) + claim.span.ever
            for place in at:
                counts[place] = tuple(islice(found, each))
        return counts

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


def _spans(noted: Sequence[Noted], at: int, span: Span, places: Sequence[int]) -> list[int]:
    """Begin and end of all that is counted of a claim of `at`, at each of its places."""
    found: list[int] = []
    for place in places:
        for around in span.around(at, noted[place].until):
            found += around
    return found


def census_key(claim: Claim) -> str:
    """Key of the accounts that have a value."""
    return f"sg:{{{claim.value % SHARDS}}}:n:{claim.kind}:{claim.value:x}"
