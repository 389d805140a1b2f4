"""Following: a topic that a process reads whole when it starts, and then goes along with.

Without a group: each process needs all of it, from the beginning, however often it starts.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from schemas.errors import ConfigurationError
from stream.beside import beside
from stream.broker.connections import kafka_options
from stream.settings import Settings
from stream.variables import variable

POLL_MS: Final = 500
AGAIN_S: Final = 1.0

Take = Callable[[ConsumerRecord], None]

log = structlog.get_logger()


@asynccontextmanager
async def following(
    settings: Settings, topic: str, partitions: int, take: Take
) -> AsyncIterator[None]:
    """Hand over every message that a topic of the contract holds, those of one partition in their
    order, then each new one while the block lasts.

    Raises ConfigurationError when the broker cannot be read at the start. Later `take` is asked
    for nothing while the broker is away: what held goes on; where it raises, the process ends.
    """
    consumer = AIOKafkaConsumer(
        **kafka_options(settings),
        enable_auto_commit=False,
        auto_offset_reset="earliest",  # what is lost or made anew is read again, never passed over
    )
    places = [TopicPartition(settings.topic(topic), number) for number in range(partitions)]
    try:
        try:
            await consumer.start()
            consumer.assign(places)
            await _read_whole(consumer, places, take)
        except KafkaError as error:
            raise ConfigurationError(f"{variable('kafka_bootstrap')}: {error!r}") from error
        async with beside(_go_along(consumer, topic, take)):
            yield
    finally:
        await consumer.stop()


async def _read_whole(
    consumer: AIOKafkaConsumer, places: Sequence[TopicPartition], take: Take
) -> None:
    await consumer.seek_to_beginning(*places)
    ends = await consumer.end_offsets(places)
    # One empty answer beyond the told ends, since Tansu 0.6 tells less than it holds.
    while await _take_some(consumer, take) or any(
        [await consumer.position(place) < end for place, end in ends.items()]
    ):
        pass


async def _go_along(consumer: AIOKafkaConsumer, topic: str, take: Take) -> None:
    while True:
        try:
            await _take_some(consumer, take)
        except KafkaError as error:
            log.error("topic.unread", topic=topic, error=repr(error))
            await asyncio.sleep(AGAIN_S)


async def _take_some(consumer: AIOKafkaConsumer, take: Take) -> int:
    fetched = await consumer.getmany(timeout_ms=POLL_MS)
    for records in fetched.values():
        for record in records:
            take(record)
    return sum(map(len, fetched.values()))
