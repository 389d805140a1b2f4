"""Linking: reads touches in their one order, tells of campaigns.

It keeps the last 30 days in memory, and since everything follows from the touches of these, it
reads them again when it starts, silently up to what its group has committed. Of several
linkers one works, for the topic has one partition; the others fold what it has answered, in
silence, and one of them takes over when it ends.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence, Set
from contextlib import asynccontextmanager
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from schemas.decisions import DeadLetter
from schemas.errors import MalformedEventError
from stream.broker.chunk import Chunk, Record, refuse_recreated
from stream.broker.connections import kafka_options
from stream.broker.sinks import Sink
from stream.decode.records import dead_letter
from stream.link.office import Office
from stream.link.touches import Erasure, Touch, read
from stream.metrics import Metrics
from stream.settings import Settings

log = structlog.get_logger()

REACH_MS: Final = 5_000
STAND_BY_S: Final = 30.0

Told = tuple[int, Touch | Erasure]  # with its offset
Scrub = Callable[[Set[str]], Awaitable[None]]


class Linking:
    """Takes chunks of touches to the office; catches up before the first one."""

    def __init__(
        self,
        office: Office,
        settings: Settings,
        sink: Sink,
        metrics: Metrics,
        scrub: Scrub | None = None,
    ) -> None:
        """`scrub`: takes accounts that were erased out of what was told of campaigns."""
        self._office = office
        self._scrub = scrub
        self._settings = settings
        self._sink = sink
        self._metrics = metrics
        self._group = linker_group(settings)
        self._folded = -1  # the last offset
        self._turn = asyncio.Lock()  # one thing at a time is folded

    async def stand_by(self, every_s: float = STAND_BY_S) -> None:
        """Go along with the linker that works, so that taking over from it takes no longer."""
        while True:
            try:
                await self.catch_up()
            except KafkaError as error:
                log.warning("linker.not_going_along", error=repr(error))
            await asyncio.sleep(every_s)

    async def catch_up(self) -> None:
        """Fold, in silence, what the group has committed and this process not seen: for whoever
        needs the campaigns before the next touch comes. Raises KafkaError."""
        async with self._turn:
            end = await self._committed()
            if self._folded < end - 1 and await self._reaches(end - 1):
                await self._recall(end)

    async def handle(self, chunk: Chunk) -> None:
        """Take one chunk all the way. Raises StoreError or EmitError: it is then not done."""
        async with self._turn:
            await self._handle(chunk)

    async def _handle(self, chunk: Chunk) -> None:
        refuse_recreated(chunk, self._folded)
        if self._folded < chunk.first_offset - 1:
            await self._recall(chunk.first_offset)
        # After a rebalance records may come again that this very process has answered.
        new = [record for record in chunk.records if record.offset > self._folded]
        told, letters = self._read(chunk, new)
        if letters:
            await self._sink.emit([], letters)
        await self._take(told)
        self._folded = chunk.last_offset
        self._count(chunk, told, letters)

    async def _take(self, told: Sequence[Told]) -> None:
        touches: list[tuple[int, Touch]] = []
        erased = set[str]()
        for offset, one in told:
            if isinstance(one, Touch):
                touches.append((offset, one))
                continue
            await self._office.take(touches)
            await self._office.forget(one.account_id)
            touches = []
            erased.add(one.account_id)
        await self._office.take(touches)
        if erased and self._scrub:
            await self._scrub(erased)

    def _read(self, chunk: Chunk, records: Sequence[Record]) -> tuple[list[Told], list[DeadLetter]]:
        told: list[Told] = []
        letters: list[DeadLetter] = []
        for record in records:
            try:
                told.append((record.offset, self._told(record)))
            except MalformedEventError as error:
                letters.append(dead_letter(chunk, record, str(error)))
        return told, letters

    def _told(self, record: Record) -> Touch | Erasure:
        told = read(record.key, record.value)
        if isinstance(told, Touch) and told.partition >= self._settings.partitions:
            # Its account's decisions would go to a partition that is not there.
            raise MalformedEventError(f"{told.partition} of {self._settings.partitions}", "touch")
        return told

    def _count(
        self, chunk: Chunk, touches: Sequence[object], letters: Sequence[DeadLetter]
    ) -> None:
        metrics, linker = self._metrics, self._office.linker
        metrics.touches_folded.inc(len(touches))
        metrics.dead_letters.labels(chunk.topic).inc(len(letters))
        metrics.lag.labels(chunk.topic, str(chunk.partition)).set(chunk.lag)
        metrics.linked.labels("accounts").set(len(linker.ledger.name))
        metrics.linked.labels("values").set(linker.ledger.values)
        metrics.linked.labels("campaigns").set(len(linker.register.open))
        metrics.linked.labels("members").set(len(linker.register.campaign_of))
        metrics.linked.labels("turned").set(linker.ledger.turned)

    async def _committed(self) -> int:
        """Where the group goes on; 0 where it has not begun."""
        place = TopicPartition(self._settings.topic("touches"), 0)
        consumer = AIOKafkaConsumer(
            **kafka_options(self._settings), group_id=self._group, enable_auto_commit=False
        )
        await consumer.start()
        try:
            consumer.assign([place])
            return await consumer.committed(place) or 0
        finally:
            await consumer.stop()

    async def _reaches(self, offset: int) -> bool:
        """Whether the topic goes so far. Where it does not it was made anew since that was
        committed, so that nothing in it was answered: it will all come as new."""
        async with self._reading() as (consumer, place):
            consumer.seek(place, offset)
            await consumer.getmany(place, timeout_ms=REACH_MS)
            reached: bool = await consumer.position(place) >= offset
        if not reached:
            log.warning("linker.made_anew", committed=offset + 1)
        return reached

    async def _recall(self, end: int) -> None:
        """Fold what stands before `end` and was answered by the process before."""
        log.info("linker.recalling", begin=self._folded + 1, end=end)
        async with self._reading() as (consumer, place):
            begin = max(self._folded + 1, (await consumer.beginning_offsets([place]))[place])
            consumer.seek(place, begin)
            # Up to `end`, which was fetched or committed, and never to end_offsets: Tansu 0.6 tells
            # too little.
            while begin < end:
                records = (await consumer.getmany(place, timeout_ms=1_000)).get(place, [])
                known = [record for record in records if record.offset < end]
                # In a thread: health is asked meanwhile, and 30 days take minutes.
                await asyncio.to_thread(self._fold_silently, known)
                begin = records[-1].offset + 1 if records else await consumer.position(place)
                top = consumer.highwater(place)
                if not records and top is not None and top <= begin:
                    break  # Tansu 0.6 lets any place be sought
        self._folded = min(begin, end) - 1
        log.info("linker.recalled", accounts=len(self._office.linker.ledger.name))

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[tuple[AIOKafkaConsumer, TopicPartition]]:
        place = TopicPartition(self._settings.topic("touches"), 0)
        consumer = AIOKafkaConsumer(
            **kafka_options(self._settings),
            enable_auto_commit=False,
            auto_offset_reset="earliest",  # what is trimmed meanwhile is passed over
            isolation_level="read_committed",
        )
        await consumer.start()
        try:
            consumer.assign([place])
            yield consumer, place
        finally:
            await consumer.stop()

    def _fold_silently(self, records: Sequence[Record]) -> None:
        """What cannot be read was a dead letter when it was new."""
        for record in records:
            try:
                told = self._told(record)
            except MalformedEventError as error:
                log.warning("linker.unreadable", offset=record.offset, error=str(error))
                continue
            if isinstance(told, Touch):
                self._office.recall([(record.offset, told)])
                self._metrics.touches_folded.inc()
            else:
                self._office.strike(told.account_id)


def linker_group(settings: Settings) -> str:
    """The consumer group of the linkers."""
    return f"{settings.group}-linker"
