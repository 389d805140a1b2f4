"""Following: every process that decides reads the topic `controls` whole, and then goes along.

Without a group: each process needs all of it, from the beginning, however often it starts.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from schemas.controls import Control, decode_control
from schemas.errors import ConfigurationError, MalformedEventError
from stream.broker.connections import kafka_options
from stream.settings import Settings, variable

POLL_MS: Final = 500
AGAIN_S: Final = 1.0

Take = Callable[[Control], None]

log = structlog.get_logger()


@asynccontextmanager
async def following(settings: Settings, take: Take) -> AsyncIterator[None]:
    """Hand over every order that holds, then each new one while the block lasts.

    Raises ConfigurationError when the broker cannot be read at the start. Later `take` is asked
    for nothing while the broker is away: what held goes on.
    """
    consumer = AIOKafkaConsumer(**kafka_options(settings), enable_auto_commit=False)
    place = TopicPartition(settings.topic("controls"), 0)
    try:
        try:
            await consumer.start()
            consumer.assign([place])
            await _read_whole(consumer, place, take)
        except KafkaError as error:
            raise ConfigurationError(f"{variable('kafka_bootstrap')}: {error!r}") from error
        task = asyncio.create_task(_go_along(consumer, place, take))
        try:
            yield
        finally:
            task.cancel()
    finally:
        await consumer.stop()


async def read_controls(settings: Settings, take: Take) -> None:
    """Hand over every order that holds now. Raises ConfigurationError."""
    async with following(settings, take):
        pass


async def _read_whole(consumer: AIOKafkaConsumer, place: TopicPartition, take: Take) -> None:
    await consumer.seek_to_beginning(place)
    end = (await consumer.end_offsets([place]))[place]
    # One empty answer beyond the told end, since Tansu 0.6 tells less than it holds.
    while await _take_some(consumer, place, take) or await consumer.position(place) < end:
        pass


async def _go_along(consumer: AIOKafkaConsumer, place: TopicPartition, take: Take) -> None:
    while True:
        try:
            await _take_some(consumer, place, take)
        except KafkaError as error:
            log.error("controls.unread", error=repr(error))
            await asyncio.sleep(AGAIN_S)


async def _take_some(consumer: AIOKafkaConsumer, place: TopicPartition, take: Take) -> int:
    records = (await consumer.getmany(place, timeout_ms=POLL_MS)).get(place, [])
    for record in records:
        if record.value is None:  # what was about an account that is erased
            continue
        try:
            take(decode_control(record.value))
        except MalformedEventError as error:
            # Of a newer version, perhaps: the orders that are known go on.
            log.error("controls.unreadable", offset=record.offset, error=str(error))
    return len(records)
