"""The process `sluicegate audit write`: decisions, labels, orders and erasures into chains.

The topic is the truth. A record belongs to its chain when it is the first in the topic that
extends it; whoever reads the topic comes to the same chain. Order: topic, acknowledged, then files.
The last record says what to read next, so a crash anywhere neither loses a message nor records
one twice. An offset that is not the expected one says that another writer, or a send that the
broker has twice, came between: the topic is read again from the head.
"""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition

from edge.audit.acts import SOURCE as ACTS
from edge.audit.acts import Acts
from edge.audit.chain import Chain
from edge.audit.keyring import Keyring
from edge.audit.meters import Meters
from edge.audit.record import BrokenRecordError, Record, decode, encode
from edge.audit.sources import SINGLE, Entry, read
from schemas.errors import MalformedEventError, SluicegateError

MOST: Final = 1_000  # messages of one partition at a time
POLL_MS: Final = 500

log = structlog.get_logger()


class OvertakenError(SluicegateError):
    """Something else was appended before ours: what we wrote may not be what counts."""


class Writer:
    """Writes the chains of all partitions. A second one costs work, and breaks nothing."""

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        producer: AIOKafkaProducer,
        keyring: Keyring,
        meters: Meters,
        acts: Acts,
        *,
        folder: Path,
        topics: Mapping[str, str],
        audit: str,
        partitions: int,
    ) -> None:
        self._consumer, self._producer = consumer, producer
        self._keyring, self._meters, self._acts = keyring, meters, acts
        self._sources = {topic: source for source, topic in topics.items()}
        self._audit = audit
        self._chains = {number: Chain(folder, number) for number in range(partitions)}
        self._next: dict[int, int] = {}  # the offset that our next record must get

    async def run(self, stop: asyncio.Event) -> None:
        """Write until `stop`. Raises StoreError or KafkaError."""
        while not stop.is_set():
            await self._catch_up()
            self._begin()
            try:
                await self._go_on(stop)
            except OvertakenError as error:
                log.warning("audit.overtaken", detail=str(error))

    async def _go_on(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            chunks = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=MOST)
            for tp, records in chunks.items():
                await self._write(tp.partition, self._sources[tp.topic], records)
            first = self._chains[0]
            await self._append(first, self._acts.since(first.read.get(ACTS, 0)))

    async def _catch_up(self) -> None:
        """Read what the topic holds and the files do not."""
        tps = {TopicPartition(self._audit, number): chain for number, chain in self._chains.items()}
        self._consumer.assign(list(tps))
        for tp, chain in tps.items():
            # Every record took an offset: the next one lies there or later.
            self._consumer.seek(tp, chain.head.sequence)
            self._next[tp.partition] = chain.head.sequence
        ends = await self._consumer.end_offsets(list(tps))
        # One empty answer beyond the told ends, since Tansu 0.6 tells less than it holds.
        while (chunks := await self._consumer.getmany(timeout_ms=POLL_MS)) or any(
            self._next[tp.partition] < end for tp, end in ends.items()
        ):
            for tp, records in chunks.items():
                tps[tp].follow([made for record in records if (made := _decoded(record))])
                self._next[tp.partition] = records[-1].offset + 1

    def _begin(self) -> None:
        tps = {
            TopicPartition(topic, number): chain.read.get(source, 0)
            for topic, source in self._sources.items()
            for number, chain in self._chains.items()
            if number == 0 or source not in SINGLE
        }
        self._consumer.assign(list(tps))
        for tp, offset in tps.items():
            self._consumer.seek(tp, offset)

    async def _write(self, number: int, source: str, records: Sequence[ConsumerRecord]) -> None:
        entries = [
            (source, record.offset + 1, entry)
            for record in records
            if (entry := self._read(source, record))
        ]
        await self._append(self._chains[number], entries)

    async def _append(self, chain: Chain, entries: Sequence[tuple[str, int, Entry]]) -> None:
        if entries:
            made = await chain.compose(entries, self._keyring)
            await self._send(chain.head.chain, made)
            chain.keep(made)
            for record in made:
                self._meters.records.labels(record.kind).inc()

    def _read(self, source: str, record: ConsumerRecord) -> Entry | None:
        try:
            return read(source, record)
        except MalformedEventError as error:
            self._meters.unreadable.labels(source).inc()
            at = {"partition": record.partition, "offset": record.offset}
            log.error("audit.unreadable", source=source, error=str(error), **at)
            return None

    async def _send(self, number: int, records: Sequence[Record]) -> None:
        key = b"%d" % number
        sent = [
            await self._producer.send(self._audit, encode(record), key=key, partition=number)
            for record in records
        ]
        got = [answer.offset for answer in await asyncio.gather(*sent)]
        if got != list(range(self._next[number], self._next[number] + len(got))):
            raise OvertakenError(f"{self._audit}[{number}]: {got[0]} is not {self._next[number]}")
        self._next[number] += len(got)


def _decoded(record: ConsumerRecord) -> Record | None:
    """A record of the topic; None for what nobody of us has written, which extends no chain."""
    try:
        return decode(record.value or b"")
    except BrokenRecordError as error:
        log.error("audit.stray", partition=record.partition, offset=record.offset, error=str(error))
        return None
