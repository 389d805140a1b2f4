"""Topics of a broker as the tests use them: make, fill, and read where a group stands."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

_WAIT_MS = 50  # for records that may come yet, before the end is looked at


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of the broker at `address`."""

    address: str

    async def make(self, name: str, partitions: int, **config: str) -> str:
        """Make a topic; returns its name."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.address)
        await admin.start()
        try:
            await admin.create_topics([NewTopic(name, partitions, 1, topic_configs=config)])
        finally:
            await admin.close()
        return name

    async def fill(
        self,
        name: str,
        values: Mapping[int, Iterable[bytes | None]],
        keys: Iterable[bytes | None] = (),
    ) -> None:
        """Append `values` by partition; `keys`, where given, go with each partition's values."""
        async with AIOKafkaProducer(bootstrap_servers=self.address) as producer:
            for partition, column in values.items():
                for value, key in zip(column, keys or _nothing(), strict=False):
                    await producer.send(name, value, key=key, partition=partition)
            await producer.flush()

    async def committed(self, group: str, name: str) -> dict[int, int]:
        """Where `group` begins again, by partition; 0 where it has committed nothing."""
        async with AIOKafkaConsumer(
            bootstrap_servers=self.address, group_id=group, enable_auto_commit=False
        ) as consumer:
            tps = await _partitions(consumer, name)
            consumer.assign(tps)
            return {tp.partition: await consumer.committed(tp) or 0 for tp in tps}

    async def records(self, name: str) -> dict[int, list[ConsumerRecord]]:
        """All that a topic holds, by partition."""
        async with AIOKafkaConsumer(
            bootstrap_servers=self.address,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            fetch_max_wait_ms=_WAIT_MS,
        ) as consumer:
            tps = await _partitions(consumer, name)
            found: dict[int, list[ConsumerRecord]] = {tp.partition: [] for tp in tps}
            consumer.assign(tps)
            while not await _is_read(consumer, tps):
                for tp, records in (await consumer.getmany(timeout_ms=_WAIT_MS)).items():
                    found[tp.partition] += records
        return found

    async def offsets(self, name: str) -> dict[int, list[int]]:
        """The offsets that hold a record, by partition; compaction and markers leave holes."""
        found = await self.records(name)
        return {partition: [r.offset for r in records] for partition, records in found.items()}

    async def values(self, name: str) -> list[list[bytes]]:
        """The messages of each partition."""
        return [[r.value for r in records] for records in (await self.records(name)).values()]


def _nothing() -> Iterable[None]:
    while True:
        yield None


async def _partitions(consumer: AIOKafkaConsumer, name: str) -> list[TopicPartition]:
    await consumer._client._wait_on_metadata(name)
    return [TopicPartition(name, partition) for partition in consumer.partitions_for_topic(name)]


async def _is_read(consumer: AIOKafkaConsumer, tps: Iterable[TopicPartition]) -> bool:
    """Whether a fetch has told where each partition ends, and all before that was handed out."""
    # Not by end_offsets: Tansu 0.6 tells less there than it holds.
    ends = {tp: consumer.last_stable_offset(tp) for tp in tps}
    return None not in ends.values() and all(
        [await consumer.position(tp) >= end for tp, end in ends.items()]
    )
