"""The docket: appeals in the store, by account, and an index of those that wait for an answer."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from redis.exceptions import RedisError

from edge.appeals.appeal import Appeal, decode_appeal, encode_appeal
from schemas.errors import StoreError
from stream.keys import SHARDS, appeals_index, appeals_key, shard
from stream.store import PROFILE_LIFETIME_S

if TYPE_CHECKING:
    from redis.asyncio import Redis, RedisCluster

_SWAP: Final = Path(__file__).with_name("swap.lua").read_text("utf-8")


class Docket:
    """Where appeals lie. Methods raise StoreError."""

    def __init__(self, client: "Redis | RedisCluster") -> None:
        self._client: Any = client

    async def of(self, account: str) -> list[Appeal]:
        """All appeals of an account, the oldest first."""
        found = await self._ask("HVALS", appeals_key(account))
        return sorted(map(decode_appeal, found), key=lambda one: one.filed_at)

    async def put(self, appeal: Appeal, before: Appeal | None = None) -> bool:
        """Put an appeal in place of what it was; False where somebody was faster."""
        waits = "" if appeal.carried_out else str(appeal.filed_at)
        keys = appeals_key(appeal.account_id), appeals_index(shard(appeal.account_id))
        held = encode_appeal(before) if before else b""
        told = (appeal.decision_id, held, encode_appeal(appeal), appeal.account_id, waits)
        done = await self._ask("EVAL", _SWAP, 2, *keys, *told, PROFILE_LIFETIME_S)
        return bool(done)

    async def waiting(self, count: int) -> list[Appeal]:
        """The `count` appeals that have waited longest, of all accounts."""
        accounts = [account for _, account in (await self._queue(count))[:count]]
        found = [one for account in accounts for one in await self.of(account)]
        return [one for one in found if not one.carried_out]

    async def oldest(self) -> int:
        """When the appeal was filed that has waited longest, ms; 0 where none waits."""
        return min((filed for filed, _ in await self._queue(1)), default=0)

    async def _queue(self, most: int) -> list[tuple[int, str]]:
        """When and for whom, the oldest first; of each shard `most` at most."""
        queue: list[tuple[int, str]] = []
        for number in range(SHARDS):
            try:
                found = await self._client.zrange(
                    appeals_index(number), 0, most - 1, withscores=True
                )
            except (RedisError, OSError) as error:
                raise StoreError(f"appeals: ZRANGE: {error}") from error
            queue += [(int(filed), account.decode()) for account, filed in found]
        return sorted(queue)

    async def _ask(self, command: str, *arguments: str | bytes | int) -> Any:
        try:
            return await self._client.execute_command(command, *arguments)
        except (RedisError, OSError) as error:
            raise StoreError(f"appeals: {command}: {error}") from error
