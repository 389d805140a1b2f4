"""A store that is away for a while: wait for it, loudly, rather than lose or skip anything."""

from collections.abc import Awaitable, Callable, Sequence
from time import monotonic
from typing import TypeVar

import stamina
import structlog

from kyc.claims import Counts
from schemas.decisions import Action
from schemas.errors import StoreError
from stream.decide.policy import Fewest, Shares
from stream.govern.activity import Activity
from stream.govern.grants import Grants, Wish
from stream.know.census import Census, Noted
from stream.know.vault import Named, Vault
from stream.metrics import Metrics
from stream.store import Current, Entry, Held, Kind, Store, Values

T = TypeVar("T")
# Then the worker stops with the error: its supervisor restarts it, Kafka keeps the events.
LONGEST_S = 60.0

log = structlog.get_logger()


class PatientStore:
    """Asks again, for a minute at most, while the other store does not answer.

    Every method of a Store may be repeated, since writes are fenced. The time that it took is
    counted as degraded.
    """

    def __init__(self, store: Store, metrics: Metrics, longest: float = LONGEST_S) -> None:
        self._store = store
        self._metrics = metrics
        self._longest = longest

    async def load(self, accounts: Sequence[str], kind: Kind = Kind.STATE) -> Values:
        """As Store.load."""
        return await self.insist(lambda: self._store.load(accounts, kind))

    async def load_all(self, accounts: Sequence[str]) -> Held:
        """As Store.load_all."""
        return await self.insist(lambda: self._store.load_all(accounts))

    async def write(self, entries: Sequence[Entry], kind: Kind = Kind.STATE) -> int:
        """As Store.write."""
        return await self.insist(lambda: self._store.write(entries, kind))

    async def renew(self, accounts: Sequence[str]) -> None:
        """As Store.renew."""
        await self.insist(lambda: self._store.renew(accounts))

    async def erase(self, accounts: Sequence[str]) -> None:
        """As Store.erase."""
        await self.insist(lambda: self._store.erase(accounts))

    async def decision(self, account: str) -> bytes | None:
        """As Store.decision."""
        return await self.insist(lambda: self._store.decision(account))

    async def decree(self, account: str, decision: Current) -> None:
        """As Store.decree."""
        await self.insist(lambda: self._store.decree(account, decision))

    async def insist(self, ask: Callable[[], Awaitable[T]]) -> T:
        """What `ask` answers, however often it has to be asked. Raises StoreError in the end."""
        try:
            return await ask()
        except StoreError as error:
            log.warning("store.away", error=str(error))
            return await self._ask_again(ask)

    async def _ask_again(self, ask: Callable[[], Awaitable[T]]) -> T:
        began = monotonic()
        self._metrics.degraded.labels("store").set(1)
        try:
            retries = stamina.retry_context(
                on=StoreError, attempts=None, timeout=self._longest, wait_max=2.0
            )
            async for attempt in retries:
                with attempt:
                    answer = await ask()
            return answer
        finally:
            away = monotonic() - began
            self._metrics.degraded.labels("store").set(0)
            self._metrics.degraded_seconds.labels("store").inc(away)
            log.warning("store.back_or_given_up", seconds=round(away, 3))


class PatientVault:
    """Asks again as patiently as a store does, with which it shares a server."""

    def __init__(self, vault: Vault, store: PatientStore) -> None:
        self._vault = vault
        self._store = store

    async def keep(self, named: Named) -> None:
        """As Vault.keep."""
        await self._store.insist(lambda: self._vault.keep(named))

    async def forget(self, accounts: Sequence[str]) -> None:
        """As Vault.forget."""
        await self._store.insist(lambda: self._vault.forget(accounts))


class PatientGrants:
    """Asks again as patiently as a store does, with which it shares a server.

    What is counted twice makes a share of more: of a store that comes back, by minutes' worth.
    """

    def __init__(self, grants: Grants, store: PatientStore) -> None:
        self._grants = grants
        self._store = store

    async def add(self, activity: Activity) -> None:
        """As Grants.add."""
        await self._store.insist(lambda: self._grants.add(activity))

    async def grant(
        self, hour: int, action: Action, shares: Shares, fewest: Fewest, wishes: Sequence[Wish]
    ) -> list[bool]:
        """As Grants.grant."""
        asked = hour, action, shares, fewest, wishes
        return await self._store.insist(lambda: self._grants.grant(*asked))


class PatientCensus:
    """Asks again as patiently as a store does, with which it shares a server."""

    def __init__(self, census: Census, store: PatientStore) -> None:
        self._census = census
        self._store = store

    async def count(self, noted: Sequence[Noted], *, note: bool = True) -> list[Counts]:
        """As Census.count."""
        return await self._store.insist(lambda: self._census.count(noted, note=note))

    async def forget(self, noted: Sequence[Noted]) -> None:
        """As Census.forget."""
        await self._store.insist(lambda: self._census.forget(noted))
