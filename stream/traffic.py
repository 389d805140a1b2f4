"""Simulated traffic into Kafka: the requests and account events of a scenario, faster than life."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from time import monotonic

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import murmur2

from simulate.population import Population
from simulate.scenarios import Scenario
from stream.connections import producer_options
from stream.replay import Line, lines, merged
from stream.settings import Settings

# 50 ms of traffic at 10,000 events a second: even enough, and whole batches for the broker.
BURST = 500

Progress = Callable[[list[Line]], None]  # what was just sent


def scenario_lines(scenario: Scenario) -> Iterator[Line]:
    """Account events and requests of a scenario, merged by time."""
    population = Population(scenario)
    encode = msgspec.json.Encoder().encode
    requests = (line for block in population.request_lines() for line in block.data.splitlines())
    accounts = (encode(event) for event in population.account_events())
    return merged(lines("accounts", accounts), lines("requests", requests))


async def produce(
    settings: Settings, events: Iterator[Line], rate: float, progress: Progress | None = None
) -> int:
    """Send `events` at `rate` a second at most; returns how many. Raises KafkaError."""
    producer = AIOKafkaProducer(**producer_options(settings))
    await producer.start()
    partitions: dict[bytes, int] = {}
    sent = 0
    try:
        async for burst in _paced(events, rate):
            by_partition: dict[tuple[str, int], list[Line]] = {}
            for line in burst:
                place = _partition(partitions, line.key or b"", settings.partitions)
                by_partition.setdefault((settings.topic(line.topic), place), []).append(line)
            await asyncio.gather(
                *(_send(producer, *place, group) for place, group in by_partition.items())
            )
            sent += len(burst)
            if progress:
                progress(burst)
    finally:
        await producer.stop()
    return sent


async def _paced(events: Iterator[Line], rate: float) -> AsyncIterator[list[Line]]:
    began, sent = monotonic(), 0
    while burst := [line for _, line in zip(range(BURST), events, strict=False)]:
        yield burst
        sent += len(burst)
        await asyncio.sleep(max(0.0, began + sent / rate - monotonic()))


def _partition(known: dict[bytes, int], key: bytes, partitions: int) -> int:
    # Kafka's default partitioner; in Python it is too slow to ask twice for one account.
    if key not in known:
        known[key] = (murmur2(key) & 0x7FFFFFFF) % partitions
    return known[key]


async def _send(producer: AIOKafkaProducer, topic: str, partition: int, group: list[Line]) -> None:
    waiting = list(group)
    while waiting:
        batch = producer.create_batch()
        taken = 0
        for line in waiting:
            if batch.append(key=line.key, value=line.value, timestamp=None) is None:
                break
            taken += 1
        batch.close()
        await (await producer.send_batch(batch, topic, partition=partition))
        waiting = waiting[taken:]
