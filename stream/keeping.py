"""Keeping: what a batch leaves in the store, once its decisions are out."""

from collections.abc import Mapping, Sequence

import numpy as np

from kyc.known import Known
from kyc.profile import NEVER
from stream.broker.tombstones import Burial, Erased
from stream.decide.court import Verdict
from stream.decode.batch import RequestBatch
from stream.know.departed import Departed
from stream.metrics import Metrics
from stream.remember.packing import pack
from stream.remember.windows import Remembered
from stream.store import Current, Entry, Store


class Keeper:
    """Writes states, and forgets accounts that were erased. Methods raise StoreError.

    departed: tells of accounts that were erased; burial: ends what topics hold of them.
    """

    def __init__(
        self, store: Store, metrics: Metrics, departed: Departed, burial: Burial | None
    ) -> None:
        self._store = store
        self._metrics = metrics
        self._departed = departed
        self._burial = burial

    async def keep(
        self, batch: RequestBatch, memory: Remembered, verdicts: Sequence[Verdict], known: Known
    ) -> None:
        """Write the state of each account that changed, with the decision that stands."""
        changed = memory.changed[known.erased[memory.changed] == NEVER].tolist()
        packed, current = pack(memory.state), _standing(verdicts)
        refused = await self._store.write(
            [Entry(batch.accounts[one], packed[one], current.get(one)) for one in changed]
        )
        if refused:
            self._metrics.fenced.inc()

    async def forget(self, batch: RequestBatch, held: Sequence[bytes | None], known: Known) -> None:
        """Erase what a batch wrote that was under way when its account was erased: this one, or
        one before it, whose states are `held`."""
        erased = np.flatnonzero(known.erased != NEVER).tolist()
        await self._store.erase([batch.accounts[account] for account in erased if held[account]])
        alive = np.flatnonzero(known.erased == NEVER).tolist()
        if gone := self._departed.among(batch.accounts[account] for account in alive):
            await self._store.erase(gone)
            if self._burial:
                await self._burial.bury([Erased(_partition(batch, one), one) for one in gone])


def _standing(verdicts: Sequence[Verdict]) -> Mapping[int, Current]:
    """By account, the last decision that changes something."""
    last = {v.account: v.decision for v in verdicts if v.changes}
    return {account: Current.of(decision) for account, decision in last.items()}


def _partition(batch: RequestBatch, account: str) -> int:
    """Where the events of one of the batch's accounts come from."""
    return int(batch.partition[batch.account == batch.accounts.index(account)][0])
