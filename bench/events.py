"""The traffic of the measurements: the scenario `bench`, in the topic before the clock starts."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import islice

import numpy as np
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.partitioner import murmur2

from simulate.population import Population
from simulate.scenarios import SCENARIOS
from stream.broker.connections import kafka_options
from stream.lines import REQUESTS, Line, lines
from stream.settings import Settings

# Batches of at most 16 KiB, about 23 events, as gateways with a short linger write them: the
# consumer pays for each batch, so bigger ones would flatter the worker.
BATCH_BYTES = 16_384
BURST = 20_000


# Within a few hours most accounts of a population are silent.
SILENT = 4


def requests(accounts: int) -> Iterator[Line]:
    """Requests of the scenario `bench`, by time, of the first `accounts` that speak in it."""
    population = Population(replace(SCENARIOS["bench"], accounts=SILENT * accounts))
    bodies = (line for block in population.request_lines() for line in block.data.splitlines())
    active: set[bytes | None] = set()
    for line in lines(REQUESTS, bodies):
        if line.key in active or len(active) < accounts:
            active.add(line.key)
            yield line


def interleaved(events: Sequence[Line]) -> list[Line]:
    """The same events, each account's in order and spread evenly from first to last.

    At 20,000 events a second even an agent's loop is one in thousands. As simulated, hours of a
    few thousand accounts, a batch would hold a handful of accounts' sessions, which is cheaper.
    """
    _, account, count = np.unique(
        [line.key or b"" for line in events], return_inverse=True, return_counts=True
    )
    order = np.argsort(account, kind="stable")
    rank = np.empty(len(events))
    rank[order] = np.arange(len(events)) - np.repeat(np.cumsum(count) - count, count)
    phase = np.random.default_rng(0).random(len(count))
    when = (rank + phase[account]) / count[account]
    return [events[n] for n in np.argsort(when, kind="stable").tolist()]


class Partitioner:
    """Kafka's default partition of a key, remembered: in Python it is slow."""

    def __init__(self, partitions: int) -> None:
        self._partitions = partitions
        self._known: dict[bytes, int] = {}
        self.lines: Counter[int] = Counter()

    def of(self, line: Line) -> int:
        """The partition of a line, which is counted there."""
        key = line.key or b""
        if key not in self._known:
            self._known[key] = (murmur2(key) & 0x7FFFFFFF) % self._partitions
        self.lines[self._known[key]] += 1
        return self._known[key]

    def groups(self, events: Iterable[Line]) -> dict[int, list[Line]]:
        """The lines by partition."""
        groups: dict[int, list[Line]] = defaultdict(list)
        for line in events:
            groups[self.of(line)].append(line)
        return groups


async def fill(settings: Settings, events: Iterable[Line]) -> Counter[int]:
    """Write requests to the topic as fast as the broker takes them; how many by partition.

    What is written is counted, since the embedded broker's ListOffsets answers too little after
    batches of more than one record.
    """
    producer = AIOKafkaProducer(
        **kafka_options(settings), acks="all", linger_ms=0, max_batch_size=BATCH_BYTES
    )
    await producer.start()
    partitioner, events = Partitioner(settings.partitions), iter(events)
    try:
        while burst := list(islice(events, BURST)):
            groups = partitioner.groups(burst).items()
            await asyncio.gather(*(send(producer, settings, n, group) for n, group in groups))
    finally:
        await producer.stop()
    return partitioner.lines


async def send(
    producer: AIOKafkaProducer, settings: Settings, partition: int, group: Iterable[Line]
) -> None:
    """Write requests to a partition in as few batches as possible, and wait till they are kept."""
    topic = settings.topic("requests")
    acknowledged = []
    batch = producer.create_batch()
    for line in group:
        if batch.append(key=line.key, value=line.value, timestamp=None) is None:
            acknowledged.append(await producer.send_batch(batch, topic, partition=partition))
            batch = producer.create_batch()
            batch.append(key=line.key, value=line.value, timestamp=None)
    acknowledged.append(await producer.send_batch(batch, topic, partition=partition))
    await asyncio.gather(*acknowledged)


async def committed(settings: Settings, group: str) -> Counter[int]:
    """The offset that a group has committed for each partition of requests."""
    async with _reader(settings, group) as reader:
        found = {place: await reader.committed(place) for place in reader.assignment()}
    return Counter({place.partition: offset or 0 for place, offset in found.items()})


async def commit(settings: Settings, group: str, offsets: Counter[int]) -> None:
    """Let a group that has no member begin at these offsets."""
    async with _reader(settings, group) as reader:
        await reader.commit({place: offsets[place.partition] for place in reader.assignment()})


@asynccontextmanager
async def _reader(settings: Settings, group: str) -> AsyncIterator[AIOKafkaConsumer]:
    options = kafka_options(settings)
    async with AIOKafkaConsumer(**options, group_id=group, enable_auto_commit=False) as reader:
        topic = settings.topic("requests")
        reader.assign([TopicPartition(topic, n) for n in range(settings.partitions)])
        yield reader
