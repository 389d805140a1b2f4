"""What a GPU leaves of an event's cost: `python -m bench.devices`, on a machine with one.

The gate of the live path on the embedded store, without Kafka (whose cost is the same and would
make the difference smaller). The same batches go through two gates by turns, one that scores on
the CPU and one on the GPU, each with a store of its own: with the shipped model, with as many
shadows of it as a careful operator has, and with a model of many trees. CPU is the worker's,
waiting for the GPU included; the store's comes on top.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from bench.events import interleaved, requests
from bench.gates import gate
from bench.models import graphs, write_model
from bench.processes import processor, use_two_cores
from bench.turns import chunks, turns
from schemas.errors import SluicegateError
from scorers import Device
from scorers.shipped import SHIPPED
from stream.agents import Gate
from stream.broker.connections import store_client
from stream.bundles.opening import chosen_policy
from stream.bundles.panel import Panel, Seat
from stream.decide.opening import open_court
from stream.demo.embedded import embedded_store
from stream.lines import Line
from stream.logs import configure_logs
from stream.redis_store import RedisStore
from stream.settings import load_settings
from stream.store import Store

BATCHES: Final = (50, 250, 2_000)
SHADOWS: Final = 3
TREES, DEPTH = 1_000, 6


class Case(NamedTuple):
    """A model, and how many shadows of it score every event beside it."""

    what: str
    model: Path
    shadows: int = 0


def _gate(store: Store, case: Case, device: Device) -> Gate:
    settings = load_settings(model=case.model, scorer=device)
    policy = chosen_policy(settings)
    seats = [Seat("0" * 8, open_court(settings), policy) for _ in range(1 + case.shadows)]
    return gate(store, Panel(seats[0], shadows=seats[1:]))


async def _measure(lines: Sequence[Line], size: int, case: Case) -> tuple[float, float]:
    """CPU µs an event with scores from the CPU, and how many more with those from the GPU."""
    batches = chunks(lines, size)
    with embedded_store() as one, embedded_store() as other:
        first, second = (
            RedisStore(store_client(load_settings(store_url=s.address))) for s in (one, other)
        )
        gates = [_gate(first, case, "cpu"), _gate(second, case, "gpu")]
        on_cpu, more = await turns(gates, batches, len(batches) // 3)
        await first.close()
        await second.close()
    return 1e6 * on_cpu / size, 1e6 * more / size


def measure(accounts: int, events: int, folder: Path) -> str:
    """Markdown: a row for each model and size of batch."""
    lines = interleaved(list(islice(requests(accounts), events)))
    write_model(folder / "large", graphs(TREES, DEPTH))
    cases = (
        Case("shipped model", SHIPPED),
        Case(f"and {SHADOWS} shadows of it", SHIPPED, SHADOWS),
        Case(f"{TREES:,} trees of depth {DEPTH}", folder / "large"),
    )
    table = [
        "| | events a batch | on the CPU, CPU µs/event | on the GPU | share saved |",
        "| --- |" + " ---: |" * 4,
    ]
    for case in cases:
        for size in BATCHES:
            on_cpu, more = asyncio.run(_measure(lines, size, case))
            told = f"{on_cpu:.1f} | {on_cpu + more:.1f} | {-more / on_cpu:.0%}"
            table.append(f"| {case.what} | {size:,} | {told} |")
    return f"{processor()}\n\n" + "\n".join(table)


def main() -> int:
    """Measure once, print Markdown; the exit code is 1 where no GPU is."""
    parser = argparse.ArgumentParser(prog="python -m bench.devices")
    parser.add_argument("--accounts", type=int, default=5_000)
    parser.add_argument("--events", type=int, default=60_000)
    options = parser.parse_args()
    configure_logs("console", "error", sys.stderr)
    try:
        open_court(load_settings(scorer="gpu"))
    except SluicegateError as error:
        print(f"bench.devices: {error}", file=sys.stderr)
        return 1
    use_two_cores()
    with TemporaryDirectory(prefix="sluicegate-bench-") as folder:
        print(measure(options.accounts, options.events, Path(folder)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
