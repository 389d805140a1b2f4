"""How many account events a second one worker takes: from records to profiles in the store.

    python -m bench.accounts [--accounts 20000] [--chunk 500] [--lists FOLDER] [--near 0.01]

Everything that the worker does with a chunk but Kafka: decoding, signals, the census, the score,
decisions, and the fenced write, on one core, against an embedded store on the other. As in a worker
(stream/app.py) partitions go side by side, the chunks of each one after the other, so that one is
worked on while another waits for the store. With a folder of imported lists every name is screened
and sealed, too, and of so many sign-ups (`--near`) the name is a listed one with a slip of the
keys, which costs more than one that is like no other.
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
from zlib import crc32

import msgspec

from bench.misspellings import slip
from bench.processes import cpu_seconds, processor, use_two_cores
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
from stream.handling import GARBAGE
from stream.know.census import RedisCensus
from stream.know.opening import open_registry
from stream.know.vault import RedisVault
from stream.lines import ACCOUNTS, Line, lines
from stream.local import LOCAL_PEPPER
from stream.logs import configure_logs
from stream.metrics import Metrics
from stream.redis_store import RedisStore
from stream.settings import Settings, load_settings

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
    """Seconds: by the clock, of this process on a core, and of the store on its own."""

    wall: float
    cpu: float
    store: float


async def measure(settings: Settings, events: list[Line], size: int, store_pid: int) -> Spent:
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
        partitions.setdefault(crc32(event.key or b"") % PARTITIONS, []).append(event)

    async def work(number: int, held: list[Line]) -> None:
        for first in range(0, len(held), size):
            await registry.handle(Chunk(ACCOUNTS, number, held[first : first + size], NO_END))

    gc.collect()
    gc.freeze()  # both as a worker does once all is open
    gc.set_threshold(GARBAGE)
    began = _spent(store_pid)
    await asyncio.gather(*(work(number, held) for number, held in partitions.items()))
    spent = Spent(*(now - then for now, then in zip(_spent(store_pid), began, strict=True)))
    await store.close()
    return spent


def _spent(store_pid: int) -> Spent:
    return Spent(perf_counter(), process_time(), cpu_seconds(store_pid))


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
        asyncio.run(measure(settings, events[:WARM], given.chunk, server.pid))  # reads the lists
        spent = asyncio.run(measure(settings, events[WARM:], given.chunk, server.pid))
    count = len(events) - WARM
    print(
        f"{count:,} account events: {count / spent.wall:,.0f} a second by the clock; CPU of the "
        f"worker {spent.cpu / count * 1e6:.0f} µs each, {count / spent.cpu:,.0f} a second of one "
        f"core; of the store {spent.store / count * 1e6:.0f} µs each; {processor()}"
    )


if __name__ == "__main__":
    main()
