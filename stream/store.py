"""The store: states, profiles, memberships, notices and decisions by account, Redis or memory.

Both keep one promise: a record is never replaced by one that holds fewer events of the same
partition, so that a worker that lost its partition cannot undo the next owner's work.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from zlib import crc32

import structlog
from redis.asyncio import Redis, RedisCluster
from redis.exceptions import NoScriptError, RedisError

from schemas.errors import StoreError
from stream.remember.packing import HEADER

# Accounts fall into fixed hash slots: a batch is one call on one server, and on a cluster one per
# slot. The number can never change, since it is part of every key.
SHARDS = 64
# Longer than the longest window and its last hop (33 days): what is forgotten no window covers.
LIFETIME_S = 34 * 86_400
# An account tells its facts once: its profile must outlive any pause. Requests renew it, so that
# only an account without requests and account events for 400 days (a year and a month's grace)
# is forgotten, and then all of it.
PROFILE_LIFETIME_S = 400 * 86_400
_FENCE = slice(0, HEADER.fields["offset"][1] + 8)  # type: ignore[index]
_STREAM = slice(0, HEADER.fields["offset"][1])  # type: ignore[index]
_WRITE = Path(__file__).with_name("write.lua").read_text("utf-8")
_RENEW = Path(__file__).with_name("renew.lua").read_text("utf-8")

log = structlog.get_logger()


class Kind(StrEnum):
    """What is kept of an account beside its decision; the letter in its key.

    NOTICE: what linking says of it; PARDON: that a campaign of which it was a member was dismissed.
    """

    STATE = "s"
    PROFILE = "p"
    MEMBERSHIP = "m"
    NOTICE = "w"
    PARDON = "f"

    @property
    def lifetime_s(self) -> int:
        """How long it is kept after the last write."""
        return PROFILE_LIFETIME_S if self in {Kind.PROFILE, Kind.PARDON} else LIFETIME_S


# What a batch reads of each account; pardons are the linker's alone.
HELD = (Kind.STATE, Kind.PROFILE, Kind.MEMBERSHIP, Kind.NOTICE)
# What requests leave of an account, and its erasure takes.
LEFT = (Kind.STATE, Kind.MEMBERSHIP, Kind.NOTICE, Kind.PARDON)


@dataclass(frozen=True, slots=True)
class Current:
    """The decision that stands about an account: the message, and how long it lives, ms."""

    message: bytes
    lifetime: int


@dataclass(frozen=True, slots=True)
class Entry:
    """What to write about one account; without `decision` the one in the store stays."""

    account: str
    value: bytes
    decision: Current | None = None


Values = list[bytes | None]


class Held(NamedTuple):
    """What is held of some accounts, None where there is nothing; in the order of HELD."""

    states: Values
    profiles: Values
    memberships: Values
    notices: Values


class Store(Protocol):
    """Where all of it lives. Methods raise StoreError."""

    async def load(self, accounts: Sequence[str], kind: Kind = Kind.STATE) -> Values:
        """The packed value of each account, None where there is none."""

    async def load_all(self, accounts: Sequence[str]) -> Held:
        """What a batch reads of each account, in one round trip."""

    async def write(self, entries: Sequence[Entry], kind: Kind = Kind.STATE) -> int:
        """Write what is not older than what is there; how many were refused."""

    async def renew(self, accounts: Sequence[str]) -> None:
        """Let the profiles of these accounts live as long as if they were written now."""

    async def erase(self, accounts: Sequence[str]) -> None:
        """Forget what requests left of these accounts: all but their profiles."""

    async def decision(self, account: str) -> bytes | None:
        """The current decision about an account, None where none stands."""

    async def decree(self, account: str, decision: Current) -> None:
        """Let a decision stand that no event brought about."""


@dataclass(slots=True)
class MemoryStore:
    """A store in this process, for replay and tests. Decisions lapse only for their readers."""

    states: dict[str, bytes] = field(default_factory=dict)
    profiles: dict[str, bytes] = field(default_factory=dict)
    memberships: dict[str, bytes] = field(default_factory=dict)
    notices: dict[str, bytes] = field(default_factory=dict)
    pardons: dict[str, bytes] = field(default_factory=dict)
    decisions: dict[str, bytes] = field(default_factory=dict)

    def _of(self, kind: Kind) -> dict[str, bytes]:
        kept = (self.states, self.profiles, self.memberships, self.notices, self.pardons)
        return kept[list(Kind).index(kind)]

    async def load(self, accounts: Sequence[str], kind: Kind = Kind.STATE) -> Values:
        return list(map(self._of(kind).get, accounts))

    async def load_all(self, accounts: Sequence[str]) -> Held:
        return Held(*[await self.load(accounts, kind) for kind in HELD])

    async def write(self, entries: Sequence[Entry], kind: Kind = Kind.STATE) -> int:
        values, refused = self._of(kind), 0
        for entry in entries:
            held = values.get(entry.account)
            if held and _is_newer(held, entry.value):
                refused += 1
                continue
            values[entry.account] = entry.value
            if entry.decision:
                self.decisions[entry.account] = entry.decision.message
        return refused

    async def renew(self, accounts: Sequence[str]) -> None:
        """Nothing lapses here."""

    async def erase(self, accounts: Sequence[str]) -> None:
        for account in accounts:
            for values in (*map(self._of, LEFT), self.decisions):
                values.pop(account, None)

    async def decision(self, account: str) -> bytes | None:
        return self.decisions.get(account)

    async def decree(self, account: str, decision: Current) -> None:
        self.decisions[account] = decision.message


def _is_newer(held: bytes, new: bytes) -> bool:
    # Big-endian and not negative, so bytes compare as the numbers do.
    return held[_STREAM] == new[_STREAM] and held[_FENCE] > new[_FENCE]


class RedisStore:
    """Redis or Valkey, one server or a cluster."""

    def __init__(self, client: "Redis | RedisCluster") -> None:
        self._client = client
        self._clustered = isinstance(client, RedisCluster)
        self._digests: dict[str, str] = {}

    async def load(self, accounts: Sequence[str], kind: Kind = Kind.STATE) -> Values:
        return await self._load(accounts, [key(kind, account) for account in accounts])

    async def load_all(self, accounts: Sequence[str]) -> Held:
        tagged = [(f"sg:{{{shard(account)}}}:", account) for account in accounts]  # hashed once
        keys = [f"{tag}{kind}:{account}" for kind in HELD for tag, account in tagged]
        found = await self._load([*accounts] * len(HELD), keys)
        size = len(accounts)
        return Held(*(found[at * size : (at + 1) * size] for at in range(len(HELD))))

    async def _load(self, accounts: Sequence[str], keys: Sequence[str]) -> Values:
        values: Values = [None] * len(keys)
        for group in self._groups(accounts):
            found = await self._call("MGET", *(keys[place] for place in group))
            for place, value in zip(group, found, strict=True):
                values[place] = value
        return values

    async def write(self, entries: Sequence[Entry], kind: Kind = Kind.STATE) -> int:
        refused = 0
        for group in self._groups([entry.account for entry in entries]):
            refused += await self._write(kind, [entries[place] for place in group])
        return refused

    async def renew(self, accounts: Sequence[str]) -> None:
        for group in self._groups(accounts):
            keys = [key(Kind.PROFILE, accounts[place]) for place in group]
            await self._run_script(_RENEW, keys, [PROFILE_LIFETIME_S])

    async def erase(self, accounts: Sequence[str]) -> None:
        for group in self._groups(accounts):
            named = [accounts[place] for place in group]
            kept = [key(kind, account) for kind in LEFT for account in named]
            others = (decision_key, buckets_key, appeals_key)
            kept += [name(account) for name in others for account in named]
            await self._call("UNLINK", *kept)
            for account in named:
                await self._call("ZREM", appeals_index(shard(account)), account)

    async def decision(self, account: str) -> bytes | None:
        found: bytes | None = await self._call("GET", decision_key(account))
        return found

    async def decree(self, account: str, decision: Current) -> None:
        named = decision_key(account)
        await self._call("SET", named, decision.message, "PX", decision.lifetime)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def _groups(self, accounts: Sequence[str]) -> list[Sequence[int]]:
        """Places of what may go into one call: of all, or on a cluster of what shares a slot."""
        if not self._clustered:
            return [range(len(accounts))] if accounts else []
        groups = defaultdict(list)
        for place, account in enumerate(accounts):
            groups[shard(account)].append(place)
        return list(groups.values())

    async def _write(self, kind: Kind, entries: list[Entry]) -> int:
        decided = [(i, e.account, e.decision) for i, e in enumerate(entries, 1) if e.decision]
        keys = [key(kind, e.account) for e in entries] + [decision_key(a) for _, a, _ in decided]
        arguments: list[bytes | int] = [len(entries), kind.lifetime_s]
        arguments += [entry.value for entry in entries]
        for i, _, current in decided:
            arguments += [i, current.message, current.lifetime]
        return await self._run_script(_WRITE, keys, arguments)

    async def _run_script(self, script: str, keys: list[str], arguments: list[bytes | int]) -> int:
        if script not in self._digests:
            self._digests[script] = await self._call("SCRIPT LOAD", script)
        try:
            digest = self._digests[script]
            result = await self._client.evalsha(digest, len(keys), *keys, *arguments)
        except NoScriptError:
            # A restarted server, another node, or a proxy that keeps no scripts.
            log.warning("store.script_missing", fallback="EVAL")
            result = await self._call("EVAL", script, len(keys), *keys, *arguments)
        except RedisError as error:
            raise StoreError(f"EVALSHA: {error}") from error
        return int(result)

    async def _call(self, command: str, *arguments: str | bytes | int) -> Any:
        try:
            return await self._client.execute_command(command, *arguments)
        except RedisError as error:
            raise StoreError(f"{command}: {error}") from error


def shard(account: str) -> int:
    """The hash slot's tag of an account."""
    return crc32(account.encode()) % SHARDS


def key(kind: Kind, account: str) -> str:
    """Key of a packed value of an account."""
    return f"sg:{{{shard(account)}}}:{kind.value}:{account}"


def state_key(account: str) -> str:
    """Key of an account's packed state."""
    return key(Kind.STATE, account)


def decision_key(account: str) -> str:
    """Key of the decision that stands about an account."""
    return f"sg:{{{shard(account)}}}:d:{account}"


def buckets_key(account: str) -> str:
    """Key of what an account has used of its quotas, which the edge counts."""
    return f"sg:{{{shard(account)}}}:l:{account}"


def appeals_key(account: str) -> str:
    """Key of an account's appeals, which the edge keeps."""
    return f"sg:{{{shard(account)}}}:a:{account}"


def appeals_index(number: int) -> str:
    """Key of the accounts of a shard whose appeal waits for an answer."""
    return f"sg:{{{number}}}:appeals"
