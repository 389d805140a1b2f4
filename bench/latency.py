"""How long an event waits for its decision: `python -m bench.latency --rate EVENTS_A_SECOND`.

A producer sends at an even rate and asks for a decision on every request. Latency is the
decision's timestamp in Kafka less the time at which its request was due, on one machine's clock;
it holds the producer's linger of up to 5 ms, reading, remembering and scoring. The second row is
the time at which a consumer had it. Producer and consumer share the two cores with broker, store
and worker, and a decision on every request costs more than one on every change: an upper bound.
"""

import argparse
import asyncio
import time
from bisect import bisect_right
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

# A gateway's short linger: an event waits so long for others of its partition.
LINGER_S = 0.005
LAST_LIMIT_S = 20.0


class _Sent(msgspec.Struct):
    event_id: str


_event_id = msgspec.json.Decoder(_Sent).decode


async def _produce(settings: Settings, events: list[Line], due: list[float]) -> None:
    """Send each event when it is due, s since the epoch, at the latest LINGER_S later."""
    times = {id(line): when for line, when in zip(events, due, strict=True)}
    producer = AIOKafkaProducer(**kafka_options(settings), acks="all", linger_ms=0)
    async with producer, asyncio.TaskGroup() as group:
        for n, lines in Partitioner(settings.partitions).groups(events).items():
            group.create_task(_pump(producer, settings, n, lines, [times[id(i)] for i in lines]))


async def _pump(
    producer: AIOKafkaProducer,
    settings: Settings,
    partition: int,
    lines: list[Line],
    due: list[float],
) -> None:
    done = 0
    while done < len(lines):
        await asyncio.sleep(max(0.0, due[done] + LINGER_S - time.time()))
        ready = bisect_right(due, time.time(), lo=done + 1)
        await send(producer, settings, partition, lines[done:ready])
        done = ready


async def _decided(
    settings: Settings, wanted: set[str], limit_s: float
) -> dict[str, tuple[float, float]]:
    """When the decision on each wanted event was written and read, s since the epoch."""
    decided: dict[str, tuple[float, float]] = {}
    topic = settings.topic("decisions")
    async with (
        AIOKafkaConsumer(topic, **kafka_options(settings)) as consumer,
        asyncio.timeout(limit_s),
    ):
        while len(decided) < len(wanted):
            fetched = await consumer.getmany(timeout_ms=200)
            now = time.time()
            for message in (m for messages in fetched.values() for m in messages):
                # Earlier ones come too: the embedded broker's "latest" is not quite the end.
                if (event := _event_id(message.value).event_id) in wanted:
                    decided[event] = message.timestamp / 1_000, now
    return decided


async def _measured(settings: Settings, events: list[Line], rate: float) -> NDArray[np.float64]:
    wanted = {_event_id(line.value).event_id for line in events}
    limit_s = len(events) / rate + LAST_LIMIT_S
    async with asyncio.TaskGroup() as group:
        decisions = group.create_task(_decided(settings, wanted, limit_s))
        await asyncio.sleep(1.0)  # the consumer begins at the topic's end
        # From when it was due, not sent: a producer held up must not hide the wait.
        due = (time.time() + 0.5 + np.arange(len(events)) / rate).tolist()
        group.create_task(_produce(settings, events, due))
    decided = decisions.result()
    return np.array(
        [
            np.subtract(decided[_event_id(line.value).event_id], when)
            for line, when in zip(events, due, strict=True)
        ]
    )


def measure(
    broker: BrokerName, store: StoreName, accounts: int, warm: int, rate: float, seconds: float
) -> NDArray[np.float64]:
    """Seconds until each event's decision was written and read, float64[n, 2], as sent."""
    traffic = requests(accounts)
    with open_rig(broker, store, decisions="all") as rig:
        asyncio.run(fill(rig.settings, interleaved(list(islice(traffic, warm)))))
        with running(rig) as worker:
            work_off(worker, warm, LIMIT_S, "warming")
            events = interleaved(list(islice(traffic, int(rate * seconds))))
            return asyncio.run(_measured(rig.settings, events, rate))


def table(latencies: NDArray[np.float64], rate: float) -> str:
    """Markdown: quantiles in ms."""
    rows = [
        "| events/s | events | until the decision was | p50 ms | p90 ms | p99 ms | max ms |",
        "| ---: | ---: | --- | ---: | ---: | ---: | ---: |",
    ]
    for what, column in zip(("written", "read"), latencies.T, strict=True):
        quantiles = " | ".join(f"{1e3 * q:.0f}" for q in np.quantile(column, (0.5, 0.9, 0.99, 1)))
        rows.append(f"| {rate:,.0f} | {len(latencies):,} | {what} | {quantiles} |")
    return "\n".join(rows)


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
