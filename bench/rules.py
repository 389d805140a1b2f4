"""What 100 rules cost the main path: `python -m bench.rules`.

The gate of the live path on the embedded store, without Kafka (whose cost is the same and would
make the share smaller). The same batches go through two gates by turns, one with rules and one
without, each with a store of its own, so that what else runs on the machine hits both. Rules are
made from the rows of the traffic: three comparisons each, on features drawn at random, at
thresholds that few accounts pass. Where polars is installed, its SQL expressions work out the
same conditions on the same rows.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from bench.events import interleaved, requests
from bench.gates import gate
from bench.processes import processor, use_two_cores
from bench.turns import chunks, turns
from schemas.features import FEATURE_NAMES
from stream.agents import Gate
from stream.broker.connections import store_client
from stream.decide.opening import open_court
from stream.decode.batch import RequestBatch
from stream.demo.embedded import embedded_store
from stream.lines import Line
from stream.logs import configure_logs
from stream.metrics import Metrics
from stream.redis_store import RedisStore
from stream.remember.windows import Sight
from stream.rules.predicates import Predicates
from stream.rules.program import Program
from stream.settings import load_settings
from stream.store import MemoryStore, Store

BATCHES = (250, 1_000, 4_000)
COMPARISONS = 3
PASSED_BY = 0.05  # the share of rows beyond a threshold; of three at once about one in 5,000
REPEATS = 20

Rows = NDArray[np.float32]


def _gate(store: Store, rules: Path | None = None) -> Gate:
    metrics = Metrics()
    court = open_court(load_settings(rules=rules), count_hits=metrics.count_rule)
    return gate(store, court, metrics)


async def _rows(lines: Sequence[Line]) -> Rows:
    """What the features of some traffic are like."""
    kept: list[Rows] = []

    def keep(_: RequestBatch, __: Sight, rows: Rows) -> None:
        kept.append(rows)

    looking = gate(MemoryStore(), witness=keep)
    for chunk in chunks(lines, 1_000):
        await looking.handle(chunk)
    return np.concatenate(kept)


def conditions(rows: Rows, count: int, seed: int = 1) -> list[str]:
    """Conditions that few of `rows` meet."""
    rng = np.random.default_rng(seed)
    # Not nanmax: of columns that are null throughout it warns, and says the same.
    varied = np.flatnonzero(np.fmax.reduce(rows) > np.fmin.reduce(rows))
    made = []
    for _ in range(count):
        parts = []
        for column in rng.choice(varied, COMPARISONS, replace=False).tolist():
            above = rng.random() < 0.5
            bound = float(np.nanquantile(rows[:, column], 1 - PASSED_BY if above else PASSED_BY))
            parts.append(f"{FEATURE_NAMES[column]} {'>' if above else '<'} {bound:.6g}")
        made.append(" AND ".join(parts))
    return made


def _write(path: Path, made: Sequence[str]) -> None:
    rules = {
        f"rule_{n}": {
            "where": where,
            "action": "restrict",
            "reason": {"code": f"rule_{n}", "text": "made for a measurement"},
            "author": "bench",
            "expires": "2099-01-01",
        }
        for n, where in enumerate(made)
    }
    path.write_text(yaml.safe_dump({"rules": rules}))


async def _measure(lines: Sequence[Line], size: int, rules: Path) -> tuple[float, float]:
    """CPU µs an event without rules, and how many more with them."""
    batches = chunks(lines, size)
    warm = len(batches) // 3
    with embedded_store() as one, embedded_store() as other:
        stores = [
            RedisStore(store_client(load_settings(store_url=s.address))) for s in (one, other)
        ]
        gates = [_gate(stores[0]), _gate(stores[1], rules)]
        without, more = await turns(gates, batches, warm)
        for store in stores:
            await store.close()
    return 1e6 * without / size, 1e6 * more / size


def _alone(rows: Rows, made: Sequence[str], size: int) -> dict[str, float]:
    """CPU µs an event to work out all conditions on a batch, by engine: the least of REPEATS."""
    program = Program()
    predicates = Predicates(FEATURE_NAMES, program)
    places = [predicates.add(where) for where in made]
    batch = np.ascontiguousarray(rows[:size])
    engines: dict[str, Callable[[], Any]] = {"ours": lambda: program.run(batch, places)}
    try:
        import polars  # noqa: PLC0415 - a peer, where it is installed
    except ImportError:
        _say("polars is not installed: no peer")
    else:
        selected = [polars.sql_expr(where).alias(str(n)) for n, where in enumerate(made)]

        def peer() -> Any:
            frame = polars.from_numpy(batch, schema=list(FEATURE_NAMES), orient="row")
            return frame.fill_nan(None).select(selected)

        engines["polars"] = peer
    return {name: 1e6 * _least(run) / size for name, run in engines.items()}


def _least(run: Callable[[], Any]) -> float:
    spent = []
    for _ in range(REPEATS):
        began = time.process_time()
        run()
        spent.append(time.process_time() - began)
    return min(spent)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def measure(count: int, accounts: int, events: int) -> str:
    """Markdown: a row for each size of batch."""
    lines = interleaved(list(islice(requests(accounts), events)))
    rows = asyncio.run(_rows(lines[: events // 2]))
    made = conditions(rows, count)
    table = [
        "| events a batch | without, CPU µs/event | rules add | share | conditions | polars |",
        "| ---: |" + " ---: |" * 5,
    ]
    with TemporaryDirectory() as folder:
        rules = Path(folder) / "rules.yaml"
        _write(rules, made)
        for size in BATCHES:
            without, more = asyncio.run(_measure(lines, size, rules))
            alone = _alone(rows, made, size)
            peer = f"{alone['polars']:.2f}" if "polars" in alone else ""
            table.append(
                f"| {size:,} | {without:.1f} | {more:+.2f} | {more / without:+.1%} "
                f"| {alone['ours']:.2f} | {peer} |"
            )
    told = f"{count} rules, {_met(rows, made):.1%} of events meet one; {processor()}\n\n"
    return told + "\n".join(table)


def _met(rows: Rows, made: Sequence[str]) -> float:
    program = Program()
    predicates = Predicates(FEATURE_NAMES, program)
    found = program.run(rows, [predicates.add(where) for where in made])
    return float(np.any(found, axis=0).mean())


def main() -> None:
    """Measure once, print Markdown."""
    parser = argparse.ArgumentParser(prog="python -m bench.rules")
    parser.add_argument("--rules", type=int, default=100)
    parser.add_argument("--accounts", type=int, default=5_000)
    parser.add_argument("--events", type=int, default=100_000)
    given = parser.parse_args()
    configure_logs("console", "error", sys.stderr)
    use_two_cores()
    print(measure(given.rules, given.accounts, given.events))


if __name__ == "__main__":
    main()
