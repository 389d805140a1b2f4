"""How long an event waits for its decision: `python -m bench.latency --rate EVENTS_A_SECOND`.

A producer sends at an even rate and asks for a decision on every request. Latency is the
decision's timestamp in Kafka less the time at which its request was due, on one machine's clock;
it holds the producer's linger of up to 5 ms, reading, remembering and scoring. The second row is
the time at which a consumer had it. Producer and consumer share the two cores with broker, store
and worker, and a decision on every request costs more than one on every change: an upper bound.
Two more tables tell where the time went: what each stage of a group of chunks took, and how much of
a core each process had, this one, the load, among them.
"""

import argparse
import asyncio
import os
import time
from bisect import bisect_right
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple, TypeVar

import msgspec
import numpy as np
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from numpy.typing import NDArray

from bench.events import Partitioner, fill, interleaved, requests, send
from bench.processes import cpu_seconds
from bench.rig import Process, Rig, open_rig, running
from bench.throughput import LIMIT_S, Pace, work_off
from stream.broker.connections import kafka_options
from stream.lines import Line
from stream.settings import Settings

# A gateway's short linger: an event waits so long for others of its partition.
LINGER_S = 0.005
LAST_LIMIT_S = 20.0

T = TypeVar("T")


class _Told(msgspec.Struct):
    """What is read of a request or of a decision."""

    event_id: str
    policy_version: str = ""


class Decided(NamedTuple):
    """When a decision was written and read, s since the epoch, and by which policy."""

    written: float
    read: float
    policy_version: str


class Spent(NamedTuple):
    """What the processes did meanwhile; `load`: seconds of a core that this one had."""

    pace: Pace
    load: float


_told = msgspec.json.Decoder(_Told).decode


def event_id(value: bytes) -> str:
    """Of a request."""
    return _told(value).event_id


async def produce(settings: Settings, events: list[Line], due: list[float]) -> None:
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


async def decided(settings: Settings, wanted: set[str], limit_s: float) -> dict[str, Decided]:
    """The decision on each wanted event."""
    found: dict[str, Decided] = {}
    topic = settings.topic("decisions")
    async with (
        AIOKafkaConsumer(topic, **kafka_options(settings)) as consumer,
        asyncio.timeout(limit_s),
    ):
        while len(found) < len(wanted):
            fetched = await consumer.getmany(timeout_ms=200)
            now = time.time()
            for message in (m for messages in fetched.values() for m in messages):
                # Earlier ones come too: the embedded broker's "latest" is not quite the end.
                if (told := _told(message.value)).event_id in wanted:
                    written = message.timestamp / 1_000
                    found[told.event_id] = Decided(written, now, told.policy_version)
    return found


async def _measured(settings: Settings, events: list[Line], rate: float) -> NDArray[np.float64]:
    wanted = {event_id(line.value) for line in events}
    limit_s = len(events) / rate + LAST_LIMIT_S
    async with asyncio.TaskGroup() as group:
        decisions = group.create_task(decided(settings, wanted, limit_s))
        await asyncio.sleep(1.0)  # the consumer begins at the topic's end
        # From when it was due, not sent: a producer held up must not hide the wait.
        due = (time.time() + 0.5 + np.arange(len(events)) / rate).tolist()
        group.create_task(produce(settings, events, due))
    found = decisions.result()
    return np.array(
        [
            np.subtract(found[event_id(line.value)][:2], when)
            for line, when in zip(events, due, strict=True)
        ]
    )


@dataclass(frozen=True, slots=True)
class Trial:
    """A worker that has worked off a first part of the traffic, and the `events` of the next."""

    rig: Rig
    worker: Process
    events: list[Line]
    warm: int

    def watch(self, load: Coroutine[Any, Any, T]) -> tuple[T, Spent]:
        """Let the load run until all is handled: what it returns, and who did what."""
        first, began = self.worker.sample(), cpu_seconds(os.getpid())
        found = asyncio.run(load)
        total = self.warm + len(self.events)
        last = work_off(self.worker, total, LAST_LIMIT_S, "the rest").last
        return found, Spent(Pace("", first, last), cpu_seconds(os.getpid()) - began)


@contextmanager
def _trial(given: argparse.Namespace) -> Iterator[Trial]:
    traffic = requests(given.accounts)
    with open_rig(given.broker, given.store, decisions=given.decisions) as rig:
        asyncio.run(fill(rig.settings, interleaved(list(islice(traffic, given.warm)))))
        with running(rig) as worker:
            work_off(worker, given.warm, LIMIT_S, "warming")
            events = interleaved(list(islice(traffic, int(given.rate * given.seconds))))
            yield Trial(rig, worker, events, given.warm)


def measure(given: argparse.Namespace) -> tuple[NDArray[np.float64], Spent]:
    """Seconds until each event's decision was written and read, float64[n, 2], as sent."""
    with _trial(given) as trial:
        return trial.watch(_measured(trial.rig.settings, trial.events, given.rate))


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


def measure_changes(given: argparse.Namespace) -> tuple[dict[float, int], Spent]:
    """As in production: decisions only when they change, latency as the worker's metric has it."""
    with _trial(given) as trial:
        before = trial.worker.latencies()
        due = (time.time() + 0.5 + np.arange(len(trial.events)) / given.rate).tolist()
        _, spent = trial.watch(produce(trial.rig.settings, trial.events, due))
        after = trial.worker.latencies().items()
        return {bound: count - before[bound] for bound, count in after}, spent


def changes_table(counts: dict[float, int], rate: float) -> str:
    """Markdown: share of the events that were done within each bound."""
    total = counts[float("inf")]
    shown = {bound: count / total for bound, count in counts.items() if 0.01 <= bound <= 0.25}
    shares = {f"≤ {1e3 * bound:.0f} ms": f"{share:.1%}" for bound, share in shown.items()}
    return _row({"events/s": f"{rate:,.0f}"} | shares)


def breakdown(spent: Spent) -> str:
    """Markdown: what the stages of a group of chunks took, and how much of a core each process
    had."""
    pace = spent.pace
    stages = {name: us * pace.batch() / 1e3 for name, us in pace.stages_us().items()}
    stages["all"] = sum(stages.values())
    seconds = {name: pace.last.cpu[name] - used for name, used in pace.first.cpu.items()}
    seconds |= {"load": spent.load, "worker's loop": pace.last.loop_cpu - pace.first.loop_cpu}
    told = {"events a group": f"{pace.batch():.0f}"}
    told |= {f"{name}, ms": f"{taken:.1f}" for name, taken in stages.items()}
    cores = {f"{name}, of a core": f"{used / pace.seconds:.0%}" for name, used in seconds.items()}
    return f"{_row(told)}\n\n{_row(cores)}"


def _row(cells: dict[str, str]) -> str:
    """A table of one row."""
    lines = cells, ["---:"] * len(cells), cells.values()
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    """Measure once, print Markdown."""
    parser = argparse.ArgumentParser(prog="python -m bench.latency")
    parser.add_argument("--broker", choices=("embedded", "kafka"), default="embedded")
    parser.add_argument("--store", choices=("embedded", "redis"), default="embedded")
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--warm", type=int, default=200_000)
    parser.add_argument("--rate", type=float, default=10_000.0)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--decisions", choices=("all", "changes"), default="all")
    given = parser.parse_args()
    if given.decisions == "changes":
        counts, spent = measure_changes(given)
        print(changes_table(counts, given.rate), breakdown(spent), sep="\n\n")
        return
    latencies, spent = measure(given)
    print(table(latencies, given.rate), breakdown(spent), sep="\n\n")


if __name__ == "__main__":
    main()
