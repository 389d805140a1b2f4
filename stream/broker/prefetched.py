"""What was fetched ahead: records that wait in this process until their partition is free.

aiokafka fetches a partition again only when it holds nothing of it, and while it holds records of
one partition it asks that broker for nothing, for up to 100 ms. With its own buffer alone an event
waits for two turns before its own, and one busy partition holds up all others. So its records are
taken over as they come, and it fetches on.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

import aiokafka
from faust.types import TP

from stream.broker.chunk import Record


@dataclass(slots=True)
class _Held:
    """Records of one partition; `position`: where aiokafka went on after them."""

    assignment: Any
    records: list[Record] = field(default_factory=list)
    position: int = 0

    def is_current(self, tp: TP) -> bool:
        """False once the partition was given away, or somebody has sought an earlier place: then
        these will be fetched again, by whomever."""
        if not self.assignment.active:
            return False
        position = self.assignment.state_value(tp).position
        return position is None or position >= self.position  # None: trimmed, to be reset


class Prefetched:
    """At most `most` records of each partition."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: dict[TP, _Held] = {}

    async def collect(self, client: aiokafka.AIOKafkaConsumer, active: Collection[TP]) -> None:
        """Take over what aiokafka has fetched of the `active` partitions, as far as there is
        room; what is left there keeps it from fetching more."""
        self._held = {tp: held for tp, held in self._held.items() if held.is_current(tp)}
        fetcher = client._fetcher
        for place in list(fetcher._records):
            tp = TP(*place)
            held = self._held.get(tp) or _Held(client._subscription.subscription.assignment)
            room = self._most - len(held.records)
            if room and tp in active:
                taken = await fetcher.fetched_records({place}, max_records=room)
                if records := taken.get(place):
                    held.records += records
                    held.position = held.assignment.state_value(place).position
                    self._held[tp] = held

    def __iter__(self) -> Iterator[TP]:
        """Partitions of which something is held, the longest waiting first."""
        return iter(list(self._held))

    def take(self, tp: TP) -> list[Record]:
        """All that is held of a partition."""
        return self._held.pop(tp).records
