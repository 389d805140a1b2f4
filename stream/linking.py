"""The linker's process: reads touches in their one order, tells of campaigns.

It keeps everything in memory, since everything follows from the touches of the last 30 days:
when it starts it reads these again, silently up to what its group has committed. Of several
linkers one works, for the topic has one partition; another takes over when it ends.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from stream.broker.chunk import Chunk
from stream.broker.connections import kafka_options, producer_options, store_client
from stream.broker.sinks import KafkaSink
from stream.decide.court import wall_clock
from stream.decide.policy import SHIPPED, load_policy
from stream.link.office import Office
from stream.link.published import publish
from stream.link.touches import decode_touch
from stream.link.weighing import Weights
from stream.metrics import Metrics
from stream.patience import PatientStore
from stream.settings import Settings
from stream.store import RedisStore

log = structlog.get_logger()


def group(settings: Settings) -> str:
    """The linkers' consumer group."""
    return f"{settings.group}-linker"


class Linking:
    """Takes chunks of touches to the office; catches up before the first one."""

    def __init__(self, office: Office, settings: Settings) -> None:
        self._office = office
        self._settings = settings
        self._folded = -1  # the last offset

    async def handle(self, chunk: Chunk) -> None:
        """Take one chunk all the way. Raises StoreError or EmitError: it is then not done."""
        if self._folded < chunk.first_offset - 1:
            await self._recall(chunk.first_offset)
        touches = [(r.offset, decode_touch(r.value or b"")) for r in chunk.records]
        await self._office.take(touches)
        self._folded = chunk.last_offset

    async def _recall(self, end: int) -> None:
        """Fold what stands before `end` and was answered by the process before."""
        place = TopicPartition(self._settings.topic("touches"), 0)
        consumer = AIOKafkaConsumer(**kafka_options(self._settings), enable_auto_commit=False)
        await consumer.start()
        try:
            consumer.assign([place])
            begin = max(self._folded + 1, (await consumer.beginning_offsets([place]))[place])
            consumer.seek(place, begin)
            while begin < end:
                records = (await consumer.getmany(place, timeout_ms=1_000)).get(place, [])
                known = [record for record in records if record.offset < end]
                self._office.recall([decode_touch(record.value) for record in known])
                begin = records[-1].offset + 1 if records else await consumer.position(place)
        finally:
            await consumer.stop()
        log.info("linker.recalled", touches=end)


@asynccontextmanager
async def open_linking(settings: Settings, metrics: Metrics) -> AsyncIterator[Linking]:
    """The linker with its connections, closed at the end."""
    client = store_client(settings)
    redis = RedisStore(client)
    producer = AIOKafkaProducer(**producer_options(settings))
    await producer.start()
    try:
        office = Office(
            policy=load_policy(settings.policy or SHIPPED),
            weights=Weights.load(),
            mode=settings.mode,
            now=wall_clock,
            store=PatientStore(redis, metrics),
            sink=KafkaSink(producer, settings.topic),
            heed=publish(client),
            metrics=metrics,
            epoch=settings.stream_epoch,
        )
        yield Linking(office, settings)
    finally:
        await producer.stop()
        await redis.close()
