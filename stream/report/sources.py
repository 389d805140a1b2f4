"""Where a report's messages come from: files as `replay` reads and writes them, or the topics."""

from collections.abc import AsyncIterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Final, Literal, Protocol

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from schemas.errors import ConfigurationError
from schemas.ndjson import read_lines
from stream.broker.connections import kafka_options
from stream.settings import Settings, variable

Topic = Literal["accounts", "campaigns", "decisions", "requests"]
BATCH: Final = 4_000  # messages that are taken together, as in a replay
WAIT_MS: Final = 1_000
PATIENCE: Final = 60  # waits in a row


class Source(Protocol):
    """Gives every message of a topic, as often as it is asked."""

    def read(self, topic: Topic) -> AsyncIterator[list[bytes]]:
        """The messages in batches, those of one account in their order."""


class FileSource:
    """Files of NDJSON (`.gz`, `.zst`), a message a line; a topic without a file is empty."""

    def __init__(self, paths: Mapping[Topic, Path]) -> None:
        self._paths = paths

    async def read(self, topic: Topic) -> AsyncIterator[list[bytes]]:
        """Raises OSError, and UnreadableFileError for what is cut off."""
        if topic not in self._paths:
            return
        lines = (line.rstrip(b"\r\n") for line in read_lines(self._paths[topic]))
        while batch := list(islice(lines, BATCH)):
            yield batch


class TopicSource:
    """The topics of a live system, as far as they went when the reading of each began."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def read(self, topic: Topic) -> AsyncIterator[list[bytes]]:
        """Raises ConfigurationError when the broker or the topic is not there, or falls silent."""
        name = self._settings.topic(topic)
        consumer = AIOKafkaConsumer(
            **kafka_options(self._settings), enable_auto_commit=False, auto_offset_reset="earliest"
        )
        try:
            await consumer.start()
            places = await _places(consumer, name)
            async for batch in _until_now(consumer, places):
                yield batch
        except KafkaError as error:
            address = f"{variable('kafka_bootstrap')}: {self._settings.kafka_bootstrap}"
            raise ConfigurationError(f"{address}: {name}: {error!r}") from error
        finally:
            await consumer.stop()


async def _places(consumer: AIOKafkaConsumer, name: str) -> list[TopicPartition]:
    # Not by subscribing: a topic that is asked for may be created where auto-creation is on.
    if name not in await consumer.topics():
        raise ConfigurationError(f"there is no topic {name}: run `sluicegate topics`")
    # The client learns of a topic's partitions once it is asked about one of them.
    await consumer.end_offsets([TopicPartition(name, 0)])
    return [TopicPartition(name, number) for number in sorted(consumer.partitions_for_topic(name))]


async def _until_now(
    consumer: AIOKafkaConsumer, places: list[TopicPartition]
) -> AsyncIterator[list[bytes]]:
    """What stands in the partitions now; what arrives meanwhile is left out.

    On Apache Kafka: the embedded broker (Tansu 0.6) tells less of what it holds.
    """
    consumer.assign(places)
    ends = await consumer.end_offsets(places)
    await consumer.seek_to_beginning(*places)
    idle = 0
    while [place for place in places if await consumer.position(place) < ends[place]]:
        fetched = await consumer.getmany(timeout_ms=WAIT_MS, max_records=BATCH)
        idle = 0 if fetched else idle + 1
        if idle == PATIENCE:
            raise ConfigurationError(f"{places[0].topic}: the broker sent nothing for a minute")
        batch = [
            record.value
            for place, records in fetched.items()
            for record in records
            if record.value is not None and record.offset < ends[place]
        ]
        if batch:
            yield batch
