"""A chunk: the records of one partition that an agent receives, and answers for, as one."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from schemas.errors import ConfigurationError


class Record(Protocol):
    """One message as the broker keeps it; aiokafka's ConsumerRecord is one."""

    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int:
        """The broker's clock or the producer's, as the topic says, in ms; -1: not known."""

    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None:
        """None is a tombstone."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One record or more of one partition, by rising offset.

    Offsets may have holes: compaction and transactions leave them. `highwater` is the offset
    that the partition's next record would have got when these were fetched. `more`: another chunk
    of the topic was handed over with this one, and comes right after it.
    """

    topic: str
    partition: int
    records: Sequence[Record] = field(repr=False)  # raw prompts: never in a log
    highwater: int
    more: bool = False

    @property
    def first_offset(self) -> int:
        return self.records[0].offset

    @property
    def last_offset(self) -> int:
        return self.records[-1].offset

    @property
    def lag(self) -> int:
        """How many offsets the partition held past this chunk when it was fetched."""
        return self.highwater - self.last_offset - 1


Handle = Callable[[Chunk], Awaitable[None]]


def refuse_recreated(chunk: Chunk, held: int) -> None:
    """Offsets that begin again would make every new event look like one counted long ago.

    held: the last offset of the chunk's partition that the store knows, or -1. Raises
    ConfigurationError.
    """
    if held >= chunk.highwater:
        raise ConfigurationError(
            f"the store holds offset {held} of {chunk.topic}[{chunk.partition}], which ends "
            f"at {chunk.highwater}: if the topic was made anew, raise SLUICEGATE_STREAM_EPOCH"
        )
