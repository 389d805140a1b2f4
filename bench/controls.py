"""What people's controls and the governor cost the main path: `python -m bench.controls`.

The gate of the live path on the embedded store, without Kafka (whose cost is the same and would
make the share smaller). The same batches go through two gates by turns, one with what is measured
and one without, each with a store of its own. CPU is the worker's; the store's comes on top.
"""

import argparse
import asyncio
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

import yaml

from bench.events import interleaved, requests
from bench.gates import gate
from bench.processes import processor, use_two_cores
from bench.turns import chunks, turns
from schemas.controls import Override
from schemas.decisions import Action
from stream.agents import Gate
from stream.broker.connections import store_client
from stream.controls.table import Controls
from stream.decide.opening import open_court
from stream.decide.policy import SHIPPED, load_policy
from stream.demo.embedded import embedded_store
from stream.govern.governor import Governor
from stream.govern.grants import RedisGrants
from stream.lines import Line
from stream.logs import configure_logs
from stream.metrics import Metrics
from stream.redis_store import RedisStore
from stream.settings import load_settings

BATCHES: Final = (250, 2_000)
ACCOUNTS: Final = 10_000
NETWORKS: Final = 1_000
ORGANISATIONS: Final = 1_000
FAR: Final = 4_000_000_000_000  # ms, in 2096


class Case(NamedTuple):
    """A governor, and overrides where it is `pinned`, which the other gate lacks; `policy`: of
    both."""

    what: str
    policy: Path
    pinned: bool = False


def overrides() -> Iterator[Override]:
    """As many as nobody writes by hand, none about the traffic: to find that out is the cost."""
    kinds: tuple[tuple[Any, int, Callable[[int], str]], ...] = (
        ("account", ACCOUNTS, lambda n: f"pinned-{n}"),
        ("network", NETWORKS, lambda n: f"{n + 1:016x}"),
        ("organisation", ORGANISATIONS, lambda n: f"pinned-{n}"),
    )
    for subject, count, name in kinds:
        for number in range(count):
            yield Override(
                subject=subject,
                value=name(number),
                action=Action.ALLOW,
                author="bench",
                reason="made for a measurement",
                ts=1,
                expires_at=FAR,
            )


def wrong_policy(folder: Path) -> Path:
    """The shipped one gone wrong: it blocks whoever asks, so that the governor refuses nearly all,
    and every batch is judged twice."""
    policy = yaml.safe_load(SHIPPED.read_text("utf-8"))
    policy["thresholds"] = {tier: {"block": 1e-9} for tier in range(4)}
    policy["block_evidence"] = {"kinds": 1, "weight": 0.0}
    file = folder / "wrong.yaml"
    file.write_text(yaml.safe_dump(policy))
    return file


def _gate(url: str, case: Case, *, bare: bool) -> tuple[Gate, RedisStore]:
    client = store_client(load_settings(store_url=url))
    store, metrics, controls = RedisStore(client), Metrics(), Controls()
    for one in overrides() if case.pinned and not bare else ():
        controls.take(one)
    governor = Governor(load_policy(case.policy), RedisGrants(client), controls, metrics)
    court = open_court(load_settings(policy=case.policy), count_hits=metrics.count_rule)
    court.heed(dict.fromkeys(Action, 0.0))  # what a stream that is known would call for
    parts = {"controls": controls, "governor": None if bare else governor}
    return gate(store, court, metrics, **parts), store


async def _measure(lines: Sequence[Line], size: int, case: Case) -> tuple[float, float]:
    """CPU µs an event without, and how many more with it."""
    batches = chunks(lines, size)
    with embedded_store() as one, embedded_store() as other:
        bare, first = _gate(one.address, case, bare=True)
        whole, second = _gate(other.address, case, bare=False)
        without, more = await turns([bare, whole], batches, len(batches) // 3)
        await first.close()
        await second.close()
    return 1e6 * without / size, 1e6 * more / size


def measure(accounts: int, events: int) -> str:
    """Markdown: a row for each case and size of batch."""
    lines = interleaved(list(islice(requests(accounts), events)))
    table = [
        "| | events a batch | without, CPU µs/event | it adds | share |",
        "| --- |" + " ---: |" * 4,
    ]
    with TemporaryDirectory() as folder:
        pinned = ACCOUNTS + NETWORKS + ORGANISATIONS
        cases = (
            Case("governor", SHIPPED),
            Case(f"governor, {pinned:,} overrides", SHIPPED, pinned=True),
            Case("governor that refuses nearly all", wrong_policy(Path(folder))),
        )
        for case in cases:
            for size in BATCHES:
                without, more = asyncio.run(_measure(lines, size, case))
                share = f"{more:+.2f} | {more / without:+.1%}"
                table.append(f"| {case.what} | {size:,} | {without:.1f} | {share} |")
    return f"{processor()}\n\n" + "\n".join(table)


def main() -> None:
    """Measure once, print Markdown."""
    parser = argparse.ArgumentParser(prog="python -m bench.controls")
    parser.add_argument("--accounts", type=int, default=5_000)
    parser.add_argument("--events", type=int, default=40_000)
    options = parser.parse_args()
    configure_logs("console", "error", sys.stderr)
    use_two_cores()
    print(measure(options.accounts, options.events))


if __name__ == "__main__":
    main()
