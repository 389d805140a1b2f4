"""How long an event waits for its decision: `python -m bench.latency --rate EVENTS_A_SECOND`.

A producer sends at an even rate and asks for a decision on every request. Latency is the broker's
timestamp of the decision less the producer's of its request, on one machine's clock; it holds
reading, scoring, writing and the producers' own batching. Producer and consumer share the two
cores with broker, store and worker, which makes it an upper bound.
"""

import argparse
import asyncio
import time
from collections.abc import Iterator
from itertools import islice

import msgspec
import numpy as np
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from numpy.typing import NDArray

from bench.events import Partitioner, fill, interleaved, requests, send
from bench.rig import BrokerName, StoreName, open_rig, running
from bench.throughput import LIMIT_S, work_off
from stream.connections import kafka_options
from stream.replay import Line
from stream.settings import Settings

# The producer's beat: at 10,000 events a second 100 events, a gateway's short linger.
BEAT_S = 0.01
LAST_LIMIT_S = 20.0


class _Sent(msgspec.Struct):
    event_id: str


_event_id = msgspec.json.Decoder(_Sent).decode


async def _paced(settings: Settings, events: Iterator[Line], rate: float) -> dict[str, float]:
    """Send evenly; when each event was due, s since the epoch, by event id."""
    due: dict[str, float] = {}
    partitioner = Partitioner(settings.partitions)
    producer = AIOKafkaProducer(**kafka_options(settings), acks="all", linger_ms=0)
    async with producer, asyncio.TaskGroup() as group:
        began, beat = time.time(), 0
        while burst := list(islice(events, max(1, round(rate * BEAT_S)))):
            # From when it was due, not sent: a producer held up must not hide the wait.
            when = began + beat * BEAT_S
            due |= {_event_id(line.value).event_id: when for line in burst}
            await asyncio.sleep(max(0.0, when - time.time()))
            group.create_task(send(producer, settings.topic("requests"), partitioner, burst))
            beat += 1
    return due


async def _decided(settings: Settings, count: int, limit_s: float) -> dict[str, float]:
    """When the broker got each of `count` decisions, s since the epoch, by event id."""
    decided: dict[str, float] = {}
    topic = settings.topic("decisions")
    async with (
        AIOKafkaConsumer(topic, **kafka_options(settings)) as consumer,
        asyncio.timeout(limit_s),
    ):
        while len(decided) < count:
            for messages in (await consumer.getmany(timeout_ms=200)).values():
                decided |= {_event_id(m.value).event_id: m.timestamp / 1_000 for m in messages}
    return decided


async def _measured(settings: Settings, events: list[Line], rate: float) -> NDArray[np.float64]:
    limit_s = len(events) / rate + LAST_LIMIT_S
    async with asyncio.TaskGroup() as group:
        decisions = group.create_task(_decided(settings, len(events), limit_s))
        await asyncio.sleep(1.0)  # the consumer begins at the topic's end
        due = group.create_task(_paced(settings, iter(events), rate))
    sent, decided = due.result(), decisions.result()
    return np.array([decided[event] - sent[event] for event in sent])


def measure(
    broker: BrokerName, store: StoreName, accounts: int, warm: int, rate: float, seconds: float
) -> NDArray[np.float64]:
    """Seconds from event to decision of every event, in the order of sending."""
    traffic = requests(accounts)
    with open_rig(broker, store, decisions="all") as rig:
        asyncio.run(fill(rig.settings, interleaved(list(islice(traffic, warm)))))
        with running(rig) as worker:
            work_off(worker, warm, LIMIT_S, "warming")
            events = interleaved(list(islice(traffic, int(rate * seconds))))
            return asyncio.run(_measured(rig.settings, events, rate))


def table(latencies: NDArray[np.float64], rate: float) -> str:
    """Markdown: quantiles in ms."""
    quantiles = " | ".join(f"{1e3 * q:.0f}" for q in np.quantile(latencies, (0.5, 0.9, 0.99, 1.0)))
    return (
        "| events/s | events | p50 ms | p90 ms | p99 ms | max ms |\n"
        "| ---: | ---: | ---: | ---: | ---: | ---: |\n"
        f"| {rate:,.0f} | {len(latencies):,} | {quantiles} |"
    )


def main() -> None:
    """Measure once, print Markdown."""
    parser = argparse.ArgumentParser(prog="python -m bench.latency")
    parser.add_argument("--broker", choices=("embedded", "kafka"), default="embedded")
    parser.add_argument("--store", choices=("embedded", "redis"), default="embedded")
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--warm", type=int, default=200_000)
    parser.add_argument("--rate", type=float, default=10_000.0)
    parser.add_argument("--seconds", type=float, default=60.0)
    given = parser.parse_args()
    latencies = measure(
        given.broker, given.store, given.accounts, given.warm, given.rate, given.seconds
    )
    print(table(latencies, given.rate))


if __name__ == "__main__":
    main()
