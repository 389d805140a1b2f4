"""The vault: the names of all accounts, sealed, for screening when a list changes."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final, Protocol

from redis.asyncio import Redis, RedisCluster
from redis.exceptions import RedisError

from kyc.names import Seal
from kyc.screening.screener import Subject
from schemas.errors import StoreError
from stream.keys import key, shard
from stream.store import PROFILE_LIFETIME_S, Kind

# An account with more names than this is no account of one customer: the first ones are kept.
MOST_NAMES: Final = 16
BATCH: Final = 500

Named = Mapping[str, Sequence[Subject]]


class Vault(Protocol):
    """Where sealed names lie. Methods raise StoreError."""

    async def keep(self, named: Named) -> None:
        """Add names of accounts; one that is kept already stays once."""

    async def forget(self, accounts: Sequence[str]) -> None:
        """Destroy the names of accounts, and with them their keys."""


class RedisVault:
    """A vault in Redis or Valkey: a hash for each account, of label and sealed name."""

    def __init__(self, client: "Redis | RedisCluster", seal: Seal) -> None:
        """Keep names sealed with `seal`."""
        self._client: Any = client
        self._seal = seal

    async def keep(self, named: Named) -> None:
        asked = self._client.pipeline(transaction=False)
        for account in named:
            asked.hkeys(vault_key(account))
        kept = self._client.pipeline(transaction=False)
        for (account, subjects), held in zip(named.items(), await _run(asked), strict=True):
            for label, subject in self._new(account, subjects, held):
                kept.hset(vault_key(account), label, self._seal.close(account, subject))
            kept.expire(vault_key(account), PROFILE_LIFETIME_S)
        await _run(kept)

    def _new(
        self, account: str, subjects: Sequence[Subject], held: Sequence[bytes]
    ) -> list[tuple[bytes, Subject]]:
        """Those of an account that are not kept yet, with their labels, as far as there is room."""
        told = {self._seal.label(account, subject): subject for subject in subjects}
        new = [(label, subject) for label, subject in told.items() if label not in held]
        return new[: max(0, MOST_NAMES - len(held))]

    async def forget(self, accounts: Sequence[str]) -> None:
        gone = self._client.pipeline(transaction=False)
        for account in accounts:
            gone.unlink(vault_key(account))
        await _run(gone)

    async def accounts(self) -> AsyncIterator[tuple[str, list[Subject]]]:
        """Every account with its names. Names without a profile are destroyed on the way, and
        those with one live as long anew. Raises StoreError."""
        try:
            async for place in self._client.scan_iter(match="sg:{*}:v:*", count=BATCH):
                account = place.decode().split(":v:", 1)[1]
                if not await self._client.exists(key(Kind.PROFILE, account)):
                    await self._client.unlink(place)
                    continue
                await self._client.expire(place, PROFILE_LIFETIME_S)
                sealed = await self._client.hvals(place)
                yield account, [self._seal.open(account, value) for value in sealed]
        except RedisError as error:
            raise StoreError(f"vault: {error}") from error


async def _run(pipeline: Any) -> list[Any]:
    """The answers of one round trip, none for no commands. Raises StoreError."""
    try:
        return list(await pipeline.execute())
    except RedisError as error:
        raise StoreError(f"vault: {error}") from error


def vault_key(account: str) -> str:
    """Key of an account's sealed names."""
    return f"sg:{{{shard(account)}}}:v:{account}"
