"""Events a second through one worker, Kafka in to decisions out: `python -m bench.throughput`.

Broker, store and worker share two cores. The topic is filled beforehand and nothing else runs
while the clock does. A first part of the traffic, `--warm` events, is worked off unmeasured, so
that states are as full as hours of traffic make them; then the worker has its turn. A worker
without links, and then stock Faust (both in bench/peers), go on with more of the same traffic, on
the same topic and store.
"""

import argparse
import asyncio
import sys
from collections import Counter
from dataclasses import dataclass
from itertools import islice

from bench.events import commit, committed, fill, interleaved, requests
from bench.processes import processor
from bench.rig import BrokerName, Process, Rig, Sample, StoreName, open_rig, running
from stream.lines import Line

LIMIT_S = 300.0
COMMIT_LIMIT_S = 15.0
PEERS = ("each", "take")
PEER_EVENTS = 100_000  # more than either works off in its time
FIRST_LIMIT_S = 30.0


@dataclass(frozen=True, slots=True)
class Pace:
    """What happened between two samples of one process."""

    name: str
    first: Sample
    last: Sample

    @property
    def seconds(self) -> float:
        return self.last.at - self.first.at

    @property
    def events(self) -> int:
        return self.last.handled - self.first.handled

    @property
    def rate(self) -> float:
        return self.events / self.seconds

    def cpu_us(self, process: str) -> float:
        """CPU time of a process per event, µs."""
        return 1e6 * (self.last.cpu[process] - self.first.cpu[process]) / self.events

    def loop_us(self) -> float:
        """CPU time of the worker's event loop per event, µs."""
        return 1e6 * (self.last.loop_cpu - self.first.loop_cpu) / self.events

    def stages_us(self) -> dict[str, float]:
        """Wall time per event of each stage, µs; stages of different chunks overlap."""
        stages = self.last.stages
        return {s: 1e6 * (stages[s] - self.first.stages[s]) / self.events for s in stages}

    def batch(self) -> float:
        """Mean events in one batch."""
        return self.events / max(self.last.batches - self.first.batches, 1)


def work_off(process: Process, total: int, limit_s: float, name: str) -> Pace:
    """Watch a process from its first events until it has handled `total`, or for `limit_s`."""
    samples: list[Sample] = []

    def done() -> bool:
        sample = process.sample()
        if sample.handled:
            samples.append(sample)
        return bool(samples) and (sample.handled >= total or sample.at - samples[0].at > limit_s)

    process.until(done, limit_s + FIRST_LIMIT_S)
    return Pace(name, samples[0], samples[-1])


def measure(
    broker: BrokerName,
    store: StoreName,
    accounts: int,
    warm: int,
    events: int,
    decisions: str,
    peer_s: float,
) -> list[Pace]:
    """The worker's pace, that without links, and the peers' when they have `peer_s` s each."""
    traffic = requests(accounts)
    with open_rig(broker, store, decisions=decisions) as rig:
        _say(f"filling the topic with {warm:,} events and working them off")
        filled = asyncio.run(fill(rig.settings, interleaved(list(islice(traffic, warm)))))
        with running(rig) as worker:
            warmed = work_off(worker, warm, LIMIT_S, "warming")
            worker.until(lambda: _committed(rig) == filled, COMMIT_LIMIT_S)
        _say(f"warm: {warmed.rate:,.0f} events/s; filling in {events:,} more")
        measured = list(islice(traffic, events))
        filled += asyncio.run(fill(rig.settings, interleaved(measured)))
        _say(_told(measured))
        with running(rig) as worker:
            ours = work_off(worker, events, LIMIT_S, "sluicegate worker")
            worker.until(lambda: _committed(rig) == filled, COMMIT_LIMIT_S)
        _say(f"{ours.last.decisions:,} decisions written; {ours.last.events}")
        more = list(islice(traffic, events // 2))
        filled += asyncio.run(fill(rig.settings, interleaved(more)))
        with running(rig, "-m", "bench.peers.unlinked") as worker:
            unlinked = work_off(worker, len(more), LIMIT_S, "without links")
            worker.until(lambda: _committed(rig) == filled, COMMIT_LIMIT_S)
        peers = _peers(rig, list(islice(traffic, PEER_EVENTS)), filled, peer_s)
        return [ours, unlinked, *peers]


def _peers(rig: Rig, events: list[Line], start: Counter[int], limit_s: float) -> list[Pace]:
    """Stock Faust works on from where the worker stopped, each variant in its own group."""
    if not limit_s:
        return []
    asyncio.run(fill(rig.settings, interleaved(events)))
    paces = []
    for variant in PEERS:
        group = f"stock-faust-{variant}"
        asyncio.run(commit(rig.settings, group, start))
        with running(rig, "-m", "bench.peers.stock_faust", variant, group=group) as peer:
            paces.append(work_off(peer, sys.maxsize, limit_s, f"stock Faust, {variant}"))
        start = asyncio.run(committed(rig.settings, group))
        _say(f"{variant}: {paces[-1].last.events}")
    return paces


def _committed(rig: Rig) -> Counter[int]:
    return asyncio.run(committed(rig.settings, rig.settings.group))


def _told(events: list[Line]) -> str:
    """Whose events, and which time they stand for."""
    hours = (events[-1].ts - events[0].ts) / 3_600_000
    accounts = len({line.key for line in events})
    return (
        f"they are of {accounts:,} accounts and stand for {hours:.1f} hours of event time, "
        f"{len(events) / hours / 3_600:,.0f} events/s"
    )


def tables(paces: list[Pace]) -> str:
    """Markdown: rates and CPU by process, then the worker's stages."""
    ours = paces[0]
    rows = [
        "| | events/s | ratio | events a batch | worker CPU µs/event | of it event loop "
        "| broker CPU µs/event | store CPU µs/event |",
        "| --- |" + " ---: |" * 7,
    ]
    for pace in paces:
        cpu = " | ".join(
            f"{value:.1f}"
            for value in (
                pace.cpu_us("worker"),
                pace.loop_us(),
                pace.cpu_us("broker"),
                pace.cpu_us("store"),
            )
        )
        rows.append(
            f"| {pace.name} | {pace.rate:,.0f} | {ours.rate / pace.rate:.1f} "
            f"| {pace.batch():,.0f} | {cpu} |"
        )
    stages = ours.stages_us()
    rows += ["", "| stage | wall µs/event | share |", "| --- | ---: | ---: |"]
    total = sum(stages.values())
    rows += [f"| {s} | {us:.2f} | {us / total:.0%} |" for s, us in stages.items()]
    return "\n".join(rows)


def kept(ours: Pace, unlinked: Pace) -> str:
    """A line: what links and campaigns leave of the main path's throughput."""
    by_cpu = unlinked.cpu_us("worker") / ours.cpu_us("worker")
    return (
        f"With links and campaigns the worker keeps {by_cpu:.0%} of the throughput that it has "
        f"without, by its CPU time; {ours.rate / unlinked.rate:.0%} by the clock."
    )


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    """Measure once, print Markdown."""
    parser = argparse.ArgumentParser(prog="python -m bench.throughput")
    parser.add_argument("--broker", choices=("embedded", "kafka"), default="embedded")
    parser.add_argument("--store", choices=("embedded", "redis"), default="embedded")
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--warm", type=int, default=400_000, help="events before the clock starts")
    parser.add_argument("--events", type=int, default=400_000)
    parser.add_argument("--decisions", choices=("changes", "all"), default="changes")
    parser.add_argument("--peers", type=float, default=15.0, help="seconds for each; 0: none")
    given = parser.parse_args()
    paces = measure(
        given.broker,
        given.store,
        given.accounts,
        given.warm,
        given.events,
        given.decisions,
        given.peers,
    )
    print(f"{paces[0].events:,} events measured over {paces[0].seconds:.1f} s; {processor()}\n")
    print(tables(paces), kept(*paces[:2]), sep="\n\n")


if __name__ == "__main__":
    main()
