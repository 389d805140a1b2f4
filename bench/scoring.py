"""What a row costs to score, by runtime and batch size: `python -m bench.scoring`.

200 trees of depth 6 over the product's own feature list, 6 % of the values not known, one thread
on one core. Prints Markdown: microseconds of the core per row, which a busy machine disturbs less
than the clock on the wall, and what reasons cost on top. Every contender gives the same bits, which
is checked before anything is measured. `--gpu` measures a GPU instead, by the wall, and ends with
an error where there is none.
"""

import argparse
import json
import os
import platform
import random
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import onnxruntime
import xgboost

from bench.peers.trees import on_one_core, on_onnx, peers
from bench.processes import processor
from schemas.errors import ConfigurationError
from schemas.features import FEATURE_NAMES
from scorers import export, grid
from scorers.cuda import CUDA, open_cuda
from scorers.engine import LARGE, Margins, by_size
from scorers.reasons import explain
from scorers.sessions import CPU, Rows, Source, open_session, run
from scorers.traversal import traversal_graph

BATCHES: Final = (1, 8, 64, 128, 256, 512, 1024, 4096)
TREES, DEPTH, FEATURES = 200, 6, len(FEATURE_NAMES)
TRAINING_ROWS, ROWS = 50_000, 16_384
ROUNDS: Final = 9
ROWS_PER_CELL: Final = 4_096  # the calls of a cell see this many rows in all, but …
MIN_CALLS, MAX_CALLS = 3, 300
# `sluicegate replay` asked for the reasons of 204 of the 104,314 requests of the scenario `small`;
# five times as many leave room for worse traffic.
EXPLAINED: Final = 0.01

Clock = Callable[[], int]  # ns
Table = dict[str, list[float]]  # contender -> µs per row in each round


class Graphs(NamedTuple):
    """One booster on the grid, and what is served of it."""

    document: Mapping[str, Any]
    booster: bytes
    margin: bytes
    contribution: bytes
    traversal: bytes


def main() -> int:
    """Train, check that all agree, measure, print; the exit code is 1 where no GPU is."""
    parser = argparse.ArgumentParser(prog="python -m bench.scoring")
    parser.add_argument("--gpu", action="store_true", help="measure the graph for a GPU, on one")
    wanted = parser.parse_args()
    os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
    graphs, rows = _graphs(), _rows(ROWS, seed=1)
    try:
        contenders = _on_gpu(graphs) if wanted.gpu else _on_cpu(graphs)
    except ConfigurationError as error:
        print(f"bench.scoring: {error}", file=sys.stderr)
        return 1
    _agree(contenders, rows)
    print(f"{TREES} trees, depth {DEPTH}, {FEATURES} features; {processor()}, {platform.machine()}")
    print(f"ONNX Runtime {onnxruntime.__version__}, XGBoost {xgboost.__version__}; µs per row\n")
    clock = time.perf_counter_ns if wanted.gpu else time.thread_time_ns
    cells = {batch: _cells(contenders, rows, batch, clock) for batch in BATCHES}
    _print(contenders, cells)
    if not wanted.gpu:
        _print_ratio(cells)
        _print_reasons(graphs, contenders, rows)
    return 0


def _on_cpu(graphs: Graphs) -> dict[str, Margins]:
    small = on_onnx(graphs.margin)
    chosen = by_size(small, graphs.booster)
    return {
        f"**served**: XGBoost from {LARGE} rows": chosen.margins,
        "served without XGBoost: ONNX Runtime": small,
        **peers(graphs.document),
    }


def _on_gpu(graphs: Graphs) -> dict[str, Margins]:
    about = export.facts(FEATURE_NAMES, "", graphs.booster)
    source = Source(graphs.traversal, Path("margin_gpu.onnx"), about["booster_sha256"], "")
    buckets = open_cuda(source, FEATURES)
    session = open_session(source, providers=[CUDA])
    return {
        "**served**: CUDA, fixed buckets, bound": buckets,
        "CUDA, each batch by itself": lambda rows: run(session, rows)[:, 0],
        f"{CPU}, one core": on_onnx(graphs.margin),
    }


def _agree(contenders: Mapping[str, Margins], rows: Rows) -> None:
    margins = [margin(rows) for margin in contenders.values()]
    if not all(np.array_equal(margin, margins[0]) for margin in margins):
        raise SystemExit("the contenders' margins differ: the timings would mean nothing")


def _cells(
    contenders: Mapping[str, Callable[[Rows], object]], rows: Rows, batch: int, clock: Clock
) -> Table:
    """µs per row in each round; a round asks all, in another order, so that a drift of the host
    favours nobody."""
    table: Table = {name: [] for name in contenders}
    order = list(contenders)
    for number in range(ROUNDS):
        random.Random(number).shuffle(order)  # noqa: S311 - no secret, an order
        for name in order:
            table[name].append(_cell(contenders[name], rows, batch, clock))
    return table


def _cell(contender: Callable[[Rows], object], rows: Rows, batch: int, clock: Clock) -> float:
    calls = min(MAX_CALLS, max(MIN_CALLS, ROWS_PER_CELL // batch))
    spans = []
    for call in range(calls + 1):
        # Rows that were just scored are predicted well by the processor: take others.
        start = call * batch % (len(rows) - batch + 1)
        chunk = rows[start : start + batch]
        before = clock()
        contender(chunk)
        spans.append(clock() - before)
    return statistics.median(spans[1:]) / batch / 1_000  # the first call warms up


def _print(names: Mapping[str, object], cells: Mapping[int, Table]) -> None:
    print("| | " + " | ".join(str(batch) for batch in BATCHES) + " |")
    print("| --- |" + " ---: |" * len(BATCHES))
    for name in names:
        medians = (statistics.median(cells[batch][name]) for batch in BATCHES)
        print(f"| {name} | " + " | ".join(f"{median:.1f}" for median in medians) + " |")


def _print_ratio(cells: Mapping[int, Table]) -> None:
    """The first one's time by that of the fastest other, in the same round."""
    told = []
    for batch in BATCHES:
        served, *others = cells[batch].values()
        ratios = [mine / min(rest) for mine, *rest in zip(served, *others, strict=True)]
        told.append(f"{statistics.median(ratios):.2f}")
    print("| served by the fastest | " + " | ".join(told) + " |")


def _print_reasons(graphs: Graphs, contenders: Mapping[str, Margins], rows: Rows) -> None:
    """Reasons are worked out row by row, for those whose decision changes."""
    session = on_one_core(graphs.contribution)

    def reasons(chunk: Rows) -> None:
        for row in chunk:
            explain(FEATURE_NAMES, row, run(session, row[None])[0])

    served = next(iter(contenders.values()))
    both = {"score": served, "reasons": reasons, "contributions": lambda c: run(session, c)}
    cells = {batch: _cells(both, rows, batch, time.thread_time_ns) for batch in BATCHES}
    print("\n| on top of the score | " + " | ".join(str(batch) for batch in BATCHES) + " |")
    print("| --- |" + " ---: |" * len(BATCHES))
    for what, name, share in (
        (f"reasons of {EXPLAINED:.0%} of the rows", "reasons", EXPLAINED),
        ("contributions of every row", "contributions", 1.0),
    ):
        told = []
        for batch in BATCHES:
            pairs = zip(cells[batch][name], cells[batch]["score"], strict=True)
            told.append(f"{statistics.median(share * more / score for more, score in pairs):.0%}")
        print(f"| {what} | " + " | ".join(told) + " |")


def _graphs() -> Graphs:
    document, bits = grid.quantise(json.loads(_grown().save_raw("json")))
    booster = xgboost.Booster(model_file=bytearray(json.dumps(document).encode()))
    truth = bytes(booster.save_raw("ubj"))
    about = export.facts(FEATURE_NAMES, "", truth)
    return Graphs(
        document,
        truth,
        export.margin_graph(document, bits, about),
        export.contribution_graph(document, bits, about),
        traversal_graph(document, bits, about),
    )


def _grown() -> xgboost.Booster:
    rows = _rows(TRAINING_ROWS, seed=0)
    known = np.nan_to_num(rows)
    noise = np.random.default_rng(2).normal(size=TRAINING_ROWS)
    labels = known[:, 0] + known[:, 1] * known[:, 2] + known[:, 3] * known[:, 4] + noise > 2.5
    parameters = {"objective": "binary:logistic", "max_depth": DEPTH, "eta": 0.1, "seed": 0}
    return xgboost.train(parameters, xgboost.DMatrix(rows, labels), num_boost_round=TREES)


def _rows(count: int, seed: int) -> Rows:
    source = np.random.default_rng(seed)
    rows = source.normal(size=(count, FEATURES)).astype(np.float32)
    rows[source.random(rows.shape) < 0.06] = np.nan
    return rows


if __name__ == "__main__":
    sys.exit(main())
