"""What an event costs when more accounts are known: `python -m bench.scaling`.

The gate of the live path runs in this process on the embedded store. Histories of 200 simulated
accounts are replayed once, and their states written under as many names as there are to be
accounts. Then come batches of events, each of another account drawn from all of them, so that the
work is the same however many there are; an account goes on with events of its pattern's future.
"""

import argparse
import asyncio
import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
import numpy as np

from bench.gates import gate
from bench.processes import cpu_seconds, resident_bytes, use_two_cores
from simulate.honest.developers import Developers
from simulate.population import Population
from simulate.scenarios import Scenario
from stream.broker.chunk import Chunk
from stream.broker.connections import store_client
from stream.demo.embedded import Server, embedded_store
from stream.lines import REQUESTS, Line
from stream.logs import configure_logs
from stream.redis_store import RedisStore
from stream.replay import replay
from stream.settings import load_settings
from stream.store import Entry, MemoryStore

KNOWN = (10_000, 100_000, 1_000_000)
PATTERNS = 200
DAYS = 8.0
HISTORY = 0.75  # of an account's events
BATCH, BATCHES, WARM_BATCHES = 1_000, 60, 10
WRITE = 2_000
_NO_END = 1 << 62


@dataclass(frozen=True, slots=True)
class Cost:
    """What an event costs with `known` accounts: seconds of this process's and the store's CPU
    and of the wall clock; and bytes in RAM of both."""

    known: int
    wall: float
    cpu: float
    store_cpu: float
    worker_bytes: int
    store_bytes: int


@dataclass(frozen=True, slots=True)
class Pattern:
    """An account to copy: its packed state, and what it does next."""

    state: bytes
    future: list[Line]


async def _patterns() -> list[Pattern]:
    population = Population(Scenario("scaling", 2 * PATTERNS, DAYS, (Developers(joining=0.0),)))
    by_account: dict[str, list[Line]] = defaultdict(list)
    for n, event in enumerate(population.requests()):
        body, account = msgspec.json.encode(event), event["account_id"]
        by_account[account].append(Line(REQUESTS, n, account.encode(), body, event["ts"]))
    # Enough of a history, and enough of a future for everybody's next events to differ.
    chosen = {a: e for a, e in by_account.items() if len(e) >= 40}
    chosen = dict(list(chosen.items())[:PATTERNS])
    store = MemoryStore()
    past = [line for e in chosen.values() for line in e[: int(HISTORY * len(e))]]
    in_order = sorted(past, key=lambda line: line.offset)
    await replay(in_order, {REQUESTS: gate(store).handle})
    return [Pattern(store.states[a], e[int(HISTORY * len(e)) :]) for a, e in chosen.items()]


async def _preload(store: RedisStore, patterns: list[Pattern], known: int) -> None:
    for begin in range(0, known, WRITE):
        names = range(begin, min(begin + WRITE, known))
        await store.write([Entry(_name(n), patterns[n % len(patterns)].state) for n in names])


def _name(number: int) -> str:
    return f"acc_{number:016x}"


def _chunks(patterns: list[Pattern], known: int) -> Iterator[Chunk]:
    """Batches of different accounts; time goes on evenly in each account's future."""
    rng = np.random.default_rng(1)
    total = BATCHES + WARM_BATCHES
    offset = 1 << 40  # past the fences of all patterns
    for batch in range(total):
        records = []
        for number in rng.choice(known, BATCH, replace=False).tolist():
            future = patterns[number % len(patterns)].future
            line, name = future[batch * len(future) // total], _name(number)
            event = msgspec.json.decode(line.value)
            event |= {"account_id": name, "event_id": f"{offset:x}"}
            records.append(
                Line(REQUESTS, offset, name.encode(), msgspec.json.encode(event), line.ts)
            )
            offset += 1
        yield Chunk(REQUESTS, 0, records, _NO_END)


async def _cost(server: Server, patterns: list[Pattern], known: int) -> Cost:
    store = RedisStore(store_client(load_settings(store_url=server.address)))
    await _preload(store, patterns, known)
    measured, chunks = gate(store), list(_chunks(patterns, known))
    for chunk in chunks[:WARM_BATCHES]:
        await measured.handle(chunk)
    wall, cpu, theirs = time.perf_counter(), time.process_time(), cpu_seconds(server.pid)
    for chunk in chunks[WARM_BATCHES:]:
        await measured.handle(chunk)
    events = BATCHES * BATCH
    cost = Cost(
        known,
        (time.perf_counter() - wall) / events,
        (time.process_time() - cpu) / events,
        (cpu_seconds(server.pid) - theirs) / events,
        resident_bytes(os.getpid()),
        resident_bytes(server.pid),
    )
    await store.close()
    return cost


def measure(known: tuple[int, ...]) -> list[Cost]:
    """The cost at each number of known accounts, each in a store of its own."""
    use_two_cores()
    patterns = asyncio.run(_patterns())
    costs = []
    for accounts in known:
        with embedded_store() as server:
            costs.append(asyncio.run(_cost(server, patterns, accounts)))
    return costs


def table(costs: list[Cost]) -> str:
    """Markdown: µs per event and MiB."""
    rows = [
        "| known accounts | wall µs/event | CPU µs/event | against the first | store CPU µs/event "
        "| process MiB | store MiB |",
        "| ---: |" + " ---: |" * 6,
    ]
    rows += [
        f"| {c.known:,} | {1e6 * c.wall:.1f} | {1e6 * c.cpu:.1f} "
        f"| {c.cpu / costs[0].cpu - 1:+.0%} | {1e6 * c.store_cpu:.1f} "
        f"| {c.worker_bytes >> 20:,} | {c.store_bytes >> 20:,} |"
        for c in costs
    ]
    return "\n".join(rows)


def main() -> None:
    """Measure once, print Markdown."""
    parser = argparse.ArgumentParser(prog="python -m bench.scaling")
    parser.add_argument("--known", type=int, nargs="+", default=KNOWN)
    configure_logs("console", "warning", sys.stderr)
    print(table(measure(tuple(parser.parse_args().known))))


if __name__ == "__main__":
    main()
