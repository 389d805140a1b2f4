"""Grants: who was blocked or stepped up in an hour, counted over all processes together."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from redis.exceptions import RedisError

from schemas.decisions import Action
from schemas.errors import StoreError
from stream.decide.policy import Fewest, Shares
from stream.govern.activity import DAY_HOURS, Active, Activity, added, base

if TYPE_CHECKING:
    from redis.asyncio import Redis, RedisCluster

# By the wall clock: a backlog of days is worked out within that.
LIFETIME_S: Final = 4 * 86_400
_GRANT: Final = Path(__file__).with_name("grants.lua").read_text("utf-8")
_ADD: Final = Path(__file__).with_name("activity.lua").read_text("utf-8")


class Wish(NamedTuple):
    """An account that is to be blocked or stepped up; requests: of the last 24 hours."""

    account: str
    requests: int


class Grants(Protocol):
    """What is counted. Methods raise StoreError."""

    async def add(self, activity: Activity) -> None:
        """Count accounts and requests by hour."""

    async def grant(
        self, hour: int, action: Action, shares: Shares, fewest: Fewest, wishes: Sequence[Wish]
    ) -> list[bool]:
        """For each wish whether the shares allow it: whoever was granted in the hour is again."""


@dataclass(slots=True)
class _Hour:
    """What was granted in an hour, and what share it is of."""

    base: Active
    granted: set[str] = field(default_factory=set)
    requests: int = 0


@dataclass(slots=True)
class MemoryGrants:
    """Grants of this process alone, for replay and tests."""

    activity: dict[int, Active] = field(default_factory=dict)
    hours: dict[tuple[int, Action], _Hour] = field(default_factory=dict)

    async def add(self, activity: Activity) -> None:
        self.activity = added(self.activity, activity)

    async def grant(
        self, hour: int, action: Action, shares: Shares, fewest: Fewest, wishes: Sequence[Wish]
    ) -> list[bool]:
        place = hour, action
        if place not in self.hours:
            self.hours[place] = _Hour(base(self.activity, hour))
        held = self.hours[place]
        accounts = max(fewest.accounts, int(shares.accounts * held.base.accounts))
        requests = max(fewest.requests, int(shares.traffic * held.base.requests))
        for wish in wishes:
            fits = len(held.granted) < accounts and held.requests + wish.requests <= requests
            if fits and wish.account not in held.granted:
                held.granted.add(wish.account)
                held.requests += wish.requests
        return [wish.account in held.granted for wish in wishes]


class RedisGrants:
    """Grants in Redis or Valkey, one server or a cluster; all in one hash slot."""

    def __init__(self, client: "Redis | RedisCluster") -> None:
        self._client = client

    async def add(self, activity: Activity) -> None:
        if not activity:
            return
        keys, arguments = [], [LIFETIME_S]
        for hour, counts in activity.items():
            keys.append(_activity_key(hour // DAY_HOURS))
            arguments += [hour % DAY_HOURS, *counts]
        await self._run(_ADD, keys, arguments)

    async def grant(
        self, hour: int, action: Action, shares: Shares, fewest: Fewest, wishes: Sequence[Wish]
    ) -> list[bool]:
        today = hour // DAY_HOURS
        keys = [f"sg:{{governor}}:{action.value}:{hour}"]
        keys += [_activity_key(today - 1), _activity_key(today)]
        arguments: list[float | str] = [shares.accounts, shares.traffic, *_numbers(fewest)]
        arguments += [hour % DAY_HOURS, LIFETIME_S]
        for wish in wishes:
            arguments += [_digest(wish.account), wish.requests]
        return [granted == 1 for granted in await self._run(_GRANT, keys, arguments)]

    async def _run(self, script: str, keys: Sequence[str], arguments: Sequence[float | str]) -> Any:
        try:
            return await self._client.eval(script, len(keys), *keys, *arguments)
        except RedisError as error:
            raise StoreError(f"EVAL: {error}") from error


def _activity_key(day: int) -> str:
    return f"sg:{{governor}}:activity:{day}"


def _numbers(fewest: Fewest) -> tuple[int, int]:
    return fewest.accounts, fewest.requests


def _digest(account: str) -> str:
    # No id of an account outlives its erasure by days for the sake of a count.
    return blake2b(account.encode(), digest_size=8, person=b"governor").hexdigest()
