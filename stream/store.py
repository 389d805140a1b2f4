"""The store: packed states and current decisions by account, in Redis or in memory.

Both keep one promise: a state is never replaced by one that holds fewer events of the same
partition, so that a worker that lost its partition cannot undo the next owner's work.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
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
_FENCE = slice(0, HEADER.fields["offset"][1] + 8)  # type: ignore[index]
_STREAM = slice(0, HEADER.fields["offset"][1])  # type: ignore[index]
_WRITE = Path(__file__).with_name("write.lua").read_text("utf-8")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Current:
    """The decision that stands about an account: the message, and how long it lives, ms."""

    message: bytes
    lifetime: int


@dataclass(frozen=True, slots=True)
class Entry:
    """What to write about one account; without `decision` the one in the store stays."""

    account: str
    state: bytes
    decision: Current | None = None


class Store(Protocol):
    """Where states and current decisions live. Methods raise StoreError."""

    async def load(self, accounts: Sequence[str]) -> list[bytes | None]:
        """The packed state of each account, None where there is none."""

    async def write(self, entries: Sequence[Entry]) -> int:
        """Write what is not older than what is there; how many were refused."""

    async def decision(self, account: str) -> bytes | None:
        """The current decision about an account, None where none stands."""


@dataclass(slots=True)
class MemoryStore:
    """A store in this process, for replay and tests. Decisions lapse only for their readers."""

    states: dict[str, bytes] = field(default_factory=dict)
    decisions: dict[str, bytes] = field(default_factory=dict)

    async def load(self, accounts: Sequence[str]) -> list[bytes | None]:
        return [self.states.get(account) for account in accounts]

    async def write(self, entries: Sequence[Entry]) -> int:
        refused = 0
        for entry in entries:
            held = self.states.get(entry.account)
            if held and _is_newer(held, entry.state):
                refused += 1
                continue
            self.states[entry.account] = entry.state
            if entry.decision:
                self.decisions[entry.account] = entry.decision.message
        return refused

    async def decision(self, account: str) -> bytes | None:
        return self.decisions.get(account)


def _is_newer(held: bytes, new: bytes) -> bool:
    # Big-endian and not negative, so bytes compare as the numbers do.
    return held[_STREAM] == new[_STREAM] and held[_FENCE] > new[_FENCE]


class RedisStore:
    """Redis or Valkey, one server or a cluster."""

    def __init__(self, client: "Redis | RedisCluster") -> None:
        self._client = client
        self._clustered = isinstance(client, RedisCluster)
        self._digest: str | None = None

    async def load(self, accounts: Sequence[str]) -> list[bytes | None]:
        found: dict[str, bytes | None] = {}
        for group in self._groups(accounts):
            keys = [state_key(account) for account in group]
            found |= zip(group, await self._call("MGET", *keys), strict=True)
        return [found[account] for account in accounts]

    async def write(self, entries: Sequence[Entry]) -> int:
        by_account = {entry.account: entry for entry in entries}
        return sum(
            [
                await self._write([by_account[account] for account in group])
                for group in self._groups(list(by_account))
            ]
        )

    async def decision(self, account: str) -> bytes | None:
        found: bytes | None = await self._call("GET", decision_key(account))
        return found

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def _groups(self, accounts: Sequence[str]) -> list[list[str]]:
        """What may go into one call: everything, or on a cluster what shares a slot."""
        if not self._clustered:
            return [list(accounts)] if accounts else []
        groups = defaultdict(list)
        for account in accounts:
            groups[shard(account)].append(account)
        return list(groups.values())

    async def _write(self, entries: list[Entry]) -> int:
        decided = [(i, e.account, e.decision) for i, e in enumerate(entries, 1) if e.decision]
        keys = [state_key(e.account) for e in entries] + [decision_key(a) for _, a, _ in decided]
        arguments: list[bytes | int] = [len(entries), LIFETIME_S]
        arguments += [entry.state for entry in entries]
        for i, _, current in decided:
            arguments += [i, current.message, current.lifetime]
        refused: int = await self._run_script(keys, arguments)
        return refused

    async def _run_script(self, keys: list[str], arguments: list[bytes | int]) -> int:
        if self._digest is None:
            self._digest = await self._call("SCRIPT LOAD", _WRITE)
        try:
            result = await self._client.evalsha(self._digest, len(keys), *keys, *arguments)
        except NoScriptError:
            # A restarted server, another node, or a proxy that keeps no scripts.
            log.warning("store.script_missing", fallback="EVAL")
            result = await self._call("EVAL", _WRITE, len(keys), *keys, *arguments)
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


def state_key(account: str) -> str:
    """Key of an account's packed state."""
    return f"sg:{{{shard(account)}}}:s:{account}"


def decision_key(account: str) -> str:
    """Key of the decision that stands about an account."""
    return f"sg:{{{shard(account)}}}:d:{account}"
