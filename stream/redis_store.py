"""The store on Redis or Valkey: a batch of accounts in one call, scripts for what must not tear."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import structlog
from redis.asyncio import Redis, RedisCluster
from redis.exceptions import NoScriptError, RedisError

from schemas.errors import StoreError
from stream.keys import appeals_index, appeals_key, buckets_key, decision_key, key, shard
from stream.store import HELD, LEFT, PROFILE_LIFETIME_S, Current, Entry, Held, Kind, Values

_WRITE = Path(__file__).with_name("write.lua").read_text("utf-8")
_RENEW = Path(__file__).with_name("renew.lua").read_text("utf-8")

log = structlog.get_logger()


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
