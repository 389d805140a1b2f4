"""How many account events a second one worker takes: from records to profiles in the store.

    python -m bench.accounts [--accounts 20000] [--chunk 500] [--lists FOLDER] [--near 0.01]

Everything that the worker does with a chunk but Kafka: decoding, signals, the census, the score,
decisions, and the fenced write, on one core, against an embedded store on the other. With a folder
of imported lists every name is screened and sealed, too, and of so many sign-ups (`--near`) the
name is a listed one with a slip of the keys, which costs more than one that is like no other.
"""

import argparse
import asyncio
import gc
import io
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter, process_time
from typing import Final, NamedTuple

import msgspec

from bench.misspellings import slip
from bench.processes import processor, use_two_cores
from kyc.lists.roll import Roll
from kyc.names import Seal
from simulate.population import Population
from simulate.scenarios import scenario
from stream.broker.chunk import Chunk
from stream.broker.connections import store_client
from stream.broker.sinks import FileSink
from stream.decode.geography import open_geography
from stream.decode.hashing import KeyedHasher
from stream.demo.embedded import embedded_store
from stream.know.census import RedisCensus
from stream.know.opening import open_registry
from stream.know.vault import RedisVault
from stream.lines import ACCOUNTS, Line, lines
from stream.local import LOCAL_PEPPER
from stream.logs import configure_logs
from stream.metrics import Metrics
from stream.settings import Settings, load_settings
from stream.store import RedisStore

NO_END: Final = 1 << 62
PARTITIONS: Final = 8
WARM: Final = 1_000
SEED: Final = 50_000


def records(accounts: int, listed: Sequence[str], near: float) -> list[Line]:
    """Account events of a simulated provider, by time; of a share of `near` listed names."""
    population = Population(scenario("B", "june", SEED, accounts))
    rng = random.Random(SEED)  # noqa: S311  # no secret, a reproducible sample
    events = list(population.account_events())
    for event in events:
        if listed and event["type"] == "account.created" and rng.random() < near:
            event["name"] = slip(rng, rng.choice(listed))
    return list(lines(ACCOUNTS, map(msgspec.json.encode, events)))


class Spent(NamedTuple):
    """Seconds: by the clock, and of this process on a core, without the store."""

    wall: float
    cpu: float


async def measure(settings: Settings, events: list[Line], size: int) -> Spent:
    """What all events take, in chunks of `size` of one partition each."""
    client = store_client(settings)
    store, sink = RedisStore(client), FileSink(io.BytesIO(), io.BytesIO())
    registry = open_registry(
        settings,
        KeyedHasher(LOCAL_PEPPER),
        open_geography(settings),
        RedisCensus(client),
        store,
        sink,
        Metrics(),
        RedisVault(client, Seal(LOCAL_PEPPER)) if settings.lists_dir else None,
    )
    partitions: dict[int, list[Line]] = {}
    for event in events:
        partitions.setdefault(hash(event.key) % PARTITIONS, []).append(event)
    gc.collect()
    gc.freeze()  # as a worker does once all is open
    began = perf_counter(), process_time()
    for number, held in partitions.items():
        for first in range(0, len(held), size):
            await registry.handle(Chunk(ACCOUNTS, number, held[first : first + size], NO_END))
    spent = Spent(perf_counter() - began[0], process_time() - began[1])
    await store.close()
    return spent


def main() -> None:
    """Measure once, print a line."""
    parser = argparse.ArgumentParser(prog="python -m bench.accounts")
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--chunk", type=int, default=500, help="events in a chunk")
    parser.add_argument("--lists", type=Path, help="folder of imported lists: screen names")
    parser.add_argument("--near", type=float, default=0.01, help="share of nearly listed names")
    given = parser.parse_args()
    configure_logs("console", "error", sys.stderr)
    use_two_cores()
    listed = [name for entry in Roll.load(given.lists).entries for name in entry.names]
    events = records(given.accounts, listed, given.near)
    with embedded_store() as server:
        settings = load_settings(store_url=server.address, lists_dir=given.lists)
        asyncio.run(measure(settings, events[:WARM], given.chunk))  # reads the lists
        wall, cpu = asyncio.run(measure(settings, events[WARM:], given.chunk))
    count = len(events) - WARM
    print(
        f"{count:,} account events: {count / wall:,.0f} a second by the clock; the worker's own "
        f"{cpu / count * 1e6:.0f} µs each, {count / cpu:,.0f} a second of one core; {processor()}"
    )


if __name__ == "__main__":
    main()
