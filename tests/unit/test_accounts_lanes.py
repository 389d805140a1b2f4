"""Chunks of account events of several partitions, side by side."""

import asyncio
from collections.abc import Sequence

from stream.broker.chunk import Chunk
from stream.store import Kind, MemoryStore, Values
from stream.turnstile import LANES
from tests.unit.gates import ListSink, registry
from tests.unit.test_accounts import told

PARTITIONS = 5


class Counting(MemoryStore):
    """Counts how many wait for it at once."""

    waiting = most = 0

    async def load(self, accounts: Sequence[str], kind: Kind = Kind.STATE) -> Values:
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        await asyncio.sleep(0)
        self.waiting -= 1
        return await super().load(accounts, kind)


async def test_one_chunk_waits_for_the_store_while_another_is_worked_on() -> None:
    """And no more than that: its answer would be late. All of them are taken."""
    store = Counting()
    kept = registry(ListSink(), store)
    chunks = [
        Chunk("sluicegate.accounts", partition, [told(0, account=f"a{partition}")], 1)
        for partition in range(PARTITIONS)
    ]
    await asyncio.gather(*map(kept.handle, chunks))
    assert store.most == LANES
    assert len(store.profiles) == PARTITIONS
