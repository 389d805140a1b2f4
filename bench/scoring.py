"""What a row costs to score, by runtime and batch size: `python -m bench.scoring`.

200 trees of depth 6, or as many as asked for, over the product's own feature list, 6 % of the
values not known, one thread on one core. Prints Markdown: microseconds of the core per row, which
a busy machine disturbs less than the clock on the wall, and what reasons cost on top. Every
contender gives the same bits, which is checked before anything is measured. `--gpu` measures a GPU
instead, by the wall and from rows in host memory to margins there, and ends with an error where
there is none.
"""

import argparse
import os
import platform
import random
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime
import xgboost

from bench.models import FEATURES, Graphs, graphs, made_up
from bench.peers.trees import on_one_core, on_onnx, on_the_gpu, on_xgboost, peers
from bench.processes import processor
from schemas.errors import ConfigurationError
from schemas.features import FEATURE_NAMES
from scorers import export
from scorers.cuda import CUDA, in_parts, open_cuda
from scorers.engine import LARGE, by_size, on_gpu
from scorers.inputs import REQUESTS
from scorers.manifest import MARGIN_GPU
from scorers.reasons import explain
from scorers.sessions import CPU, Margins, Rows, Source, run

BATCHES: Final = (1, 8, 64, 128, 256, 512, 1024, 4096)
GPU_BATCHES: Final = (1, 8, 16, 32, 64, 256, 1024, 4096, 16_384)
ROWS: Final = 16_384
ROUNDS: Final = 9
ROWS_PER_CELL: Final = 4_096  # the calls of a cell see this many rows in all, but …
MIN_CALLS, MAX_CALLS = 3, 300
# `sluicegate replay` asked for the reasons of 204 of the 104,314 requests of the scenario `small`;
# five times as many leave room for worse traffic.
EXPLAINED: Final = 0.01

Clock = Callable[[], int]  # ns
Table = dict[str, list[float]]  # contender -> µs per row in each round


def main() -> int:
    """Train, check that all agree, measure, print; the exit code is 1 where no GPU is."""
    parser = argparse.ArgumentParser(prog="python -m bench.scoring")
    parser.add_argument("--gpu", action="store_true", help="measure the graph for a GPU, on one")
    parser.add_argument("--trees", type=int, default=200)
    parser.add_argument("--depth", type=int, default=6)
    wanted = parser.parse_args()
    made, rows = graphs(wanted.trees, wanted.depth), made_up(ROWS, seed=1)
    os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
    try:
        contenders = _on_gpu(made) if wanted.gpu else _on_cpu(made)
    except ConfigurationError as error:
        print(f"bench.scoring: {error}", file=sys.stderr)
        return 1
    _agree(contenders, rows)
    size = f"{wanted.trees} trees, depth {wanted.depth}, {FEATURES} features"
    print(f"{size}; {processor()}, {platform.machine()}")
    print(f"ONNX Runtime {onnxruntime.__version__}, XGBoost {xgboost.__version__}; µs per row\n")
    clock = time.perf_counter_ns if wanted.gpu else time.thread_time_ns
    batches = GPU_BATCHES if wanted.gpu else BATCHES
    cells = {batch: _cells(contenders, rows, batch, clock) for batch in batches}
    _print(contenders, cells)
    _print_ratio(cells)
    if not wanted.gpu:
        _print_reasons(made, contenders, rows)
    return 0


def _on_cpu(made: Graphs) -> dict[str, Margins]:
    small = on_onnx(made.margin)
    chosen = by_size(small, made.booster)
    return {
        f"**served**: XGBoost from {LARGE} rows": chosen.margins,
        "served without XGBoost: ONNX Runtime": small,
        **peers(made.document),
    }


def _on_gpu(made: Graphs) -> dict[str, Margins]:
    about = export.facts(REQUESTS.names, REQUESTS.digest, made.booster)
    source = Source(made.traversal, Path(MARGIN_GPU), about["booster_sha256"], REQUESTS.digest)
    small, large = on_onnx(made.margin), in_parts(open_cuda(source))
    chosen = on_gpu(small, large, made_up(256, seed=4))
    return {
        f"**served**: {chosen.name}": chosen.margins,
        f"{CUDA} alone": large,
        **on_the_gpu(made.booster),
        f"{CPU}, one core": small,
        "XGBoost, `inplace_predict`, one core": on_xgboost(made.booster, nthread=1),
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
    print("| | " + " | ".join(str(batch) for batch in cells) + " |")
    print("| --- |" + " ---: |" * len(cells))
    for name in names:
        medians = (statistics.median(table[name]) for table in cells.values())
        print(f"| {name} | " + " | ".join(f"{median:.3g}" for median in medians) + " |")


def _print_ratio(cells: Mapping[int, Table]) -> None:
    """The first one's time by that of the fastest other, in the same round."""
    told = []
    for table in cells.values():
        served, *others = table.values()
        ratios = [mine / min(rest) for mine, *rest in zip(served, *others, strict=True)]
        told.append(f"{statistics.median(ratios):.2f}")
    print("| served by the fastest | " + " | ".join(told) + " |")


def _print_reasons(made: Graphs, contenders: Mapping[str, Margins], rows: Rows) -> None:
    """Reasons are worked out row by row, for those whose decision changes."""
    session = on_one_core(made.contribution)

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


if __name__ == "__main__":
    sys.exit(main())
