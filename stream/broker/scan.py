"""A scan: every message of a topic, as far as it went when the reading began."""

from collections.abc import AsyncIterator

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from schemas.errors import ConfigurationError
from stream.broker.connections import kafka_options
from stream.settings import Settings
from stream.variables import variable

BATCH = 4_000
WAIT_MS = 1_000
PATIENCE = 60  # waits in a row


async def scan(settings: Settings, topic: str) -> AsyncIterator[list[ConsumerRecord]]:
    """Messages and tombstones in batches, those of one partition in their order; `topic`: its name
    in the contract.

    Raises ConfigurationError when the broker or the topic is not there, or falls silent.
    """
    name = settings.topic(topic)
    consumer = AIOKafkaConsumer(
        **kafka_options(settings), enable_auto_commit=False, auto_offset_reset="earliest"
    )
    try:
        await consumer.start()
        places = await _places(consumer, name)
        async for batch in _until_now(consumer, places):
            yield batch
    except KafkaError as error:
        address = f"{variable('kafka_bootstrap')}: {settings.kafka_bootstrap}"
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
) -> AsyncIterator[list[ConsumerRecord]]:
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
            record
            for place, records in fetched.items()
            for record in records
            if record.offset < ends[place]
        ]
        if batch:
            yield batch
