"""Simulated traffic into Kafka: the requests and account events of a scenario, faster than life."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from time import monotonic

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.partitioner import murmur2

from schemas.errors import ConfigurationError
from simulate.population import Population
from simulate.scenarios import Scenario
from stream.broker.connections import producer_options
from stream.lines import Line, lines, merged
from stream.settings import Settings
from stream.variables import variable

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
    """Send `events` at `rate` a second at most; returns how many.

    Raises ConfigurationError when the broker cannot be reached or does not take them.
    """
    producer = AIOKafkaProducer(**producer_options(settings))
    try:
        await producer.start()
        return await _send_all(producer, settings, _paced(events, rate), progress)
    except KafkaError as error:
        where = f"{variable('kafka_bootstrap')}: {settings.kafka_bootstrap}"
        raise ConfigurationError(f"{where}: {error!r}") from error
    finally:
        await producer.stop()


async def _send_all(
    producer: AIOKafkaProducer,
    settings: Settings,
    bursts: AsyncIterator[list[Line]],
    progress: Progress | None,
) -> int:
    partitions: dict[bytes, int] = {}
    sent = 0
    async for burst in bursts:
        by_place: dict[tuple[str, int], list[Line]] = {}
        for line in burst:
            place = _partition(partitions, line.key or b"", settings.partitions)
            by_place.setdefault((settings.topic(line.topic), place), []).append(line)
        await asyncio.gather(*(_send(producer, *place, group) for place, group in by_place.items()))
        sent += len(burst)
        if progress:
            progress(burst)
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
