"""Tombstones: the end of what topics hold under the keys of accounts that were erased.

From a compacted topic the broker then removes what stood there. Touches are not compacted, since
a linker that starts needs all of them; there the tombstone tells the linker to forget the account,
whenever it reads it.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from stream.broker.sinks import EmitError


class Erased(NamedTuple):
    """An account that is no more, and the partition of its events."""

    partition: int
    account: str


class Grave(NamedTuple):
    """A key under which a topic, by its name in the contract, may hold something of an account."""

    topic: str
    partition: int
    key: str


class Burial(Protocol):
    """Ends what topics hold of accounts; has done so when `bury` returns."""

    async def bury(self, erased: Sequence[Erased]) -> None:
        """Put tombstones, again and again where need be. Raises EmitError."""


def graves(erased: Erased) -> list[Grave]:
    """Where topics may hold something of an account under a key of its own."""
    partition, account = erased
    return [
        Grave("decisions", partition, account),
        Grave("touches", 0, account),
        Grave("controls", 0, f"override:account:{account}"),
        Grave("controls", 0, f"appeal:{account}"),
    ]


class Tombstones:
    """A burial in Kafka."""

    def __init__(self, producer: AIOKafkaProducer, topic: Callable[[str], str]) -> None:
        """`topic`: the whole name of a topic of the contract."""
        self._producer = producer
        self._topic = topic

    async def bury(self, erased: Sequence[Erased]) -> None:
        """As Burial.bury."""
        places = [grave for one in erased for grave in graves(one)]
        try:
            await asyncio.gather(*map(self._put, places))
        except KafkaError as error:
            raise EmitError(f"tombstones: {error!r}") from error

    async def _put(self, grave: Grave) -> None:
        topic, key = self._topic(grave.topic), grave.key.encode()
        await self._producer.send_and_wait(topic, None, key, partition=grave.partition)
