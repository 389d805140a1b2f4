"""The board: the last record of each campaign in the store, for people to look at.

Without the ids of accounts: an erasure could not find them here. The topic of campaigns has some,
the topic of decisions all.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError
from redis.exceptions import RedisError

from schemas.decisions import Campaign
from schemas.errors import StoreError

if TYPE_CHECKING:
    from redis.asyncio import Redis, RedisCluster

INDEX: Final = "sg:campaigns"  # ids by the time of their last record
MOST: Final = 10_000  # campaigns; the one that changed longest ago goes first
KEPT_S: Final = 90 * 86_400


def post(client: "Redis | RedisCluster") -> Callable[[Sequence[Campaign]], Awaitable[None]]:
    """A function that puts records on the board. It raises StoreError."""

    async def put(records: Sequence[Campaign]) -> None:
        last = {record.campaign_id: record for record in records}
        try:
            for name, record in last.items():
                await client.set(board_key(name), _encode(record), ex=KEPT_S)
            if last:
                await client.zadd(INDEX, {name: record.ts for name, record in last.items()})
                await client.zremrangebyrank(INDEX, 0, -MOST - 1)
        except RedisError as error:
            raise StoreError(f"board: {error}") from error

    return put


class Board:
    """What hangs there. Methods raise StoreError."""

    def __init__(self, client: "Redis | RedisCluster") -> None:
        self._client: Any = client

    async def find(self, campaign_id: str) -> Campaign | None:
        """The last record of a campaign, without accounts; None where there is none."""
        try:
            return _decode(await self._client.get(board_key(campaign_id)))
        except RedisError as error:
            raise StoreError(f"board: {error}") from error

    async def latest(self, count: int, after: int = 0) -> list[Campaign]:
        """The `count` campaigns that changed last, `after` so many others."""
        try:
            names = await self._client.zrevrange(INDEX, after, after + count - 1)
        except RedisError as error:
            raise StoreError(f"board: {error}") from error
        found = [await self.find(name.decode()) for name in names]
        return [record for record in found if record]


def _encode(record: Campaign) -> bytes:
    bare = record.model_copy(update={"members_added": [], "sample_accounts": []})
    return bare.model_dump_json(exclude_none=True).encode()


def _decode(value: bytes | None) -> Campaign | None:
    if value is None:
        return None
    try:
        return Campaign.model_validate_json(value)
    except ValidationError as error:
        raise StoreError(f"an unreadable record on the board: {error.error_count()}") from None


def board_key(campaign_id: str) -> str:
    """Key of a campaign's last record."""
    return f"sg:campaign:{campaign_id}"
