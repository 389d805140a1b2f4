"""What works out the margins. Every engine gives the same bits, so speed alone may choose.

Leaves lie on a grid on which no sum rounds (scorers/grid.py), and comparisons are exact: the
margin of a row is one number, whoever adds it up. Each engine is held to that on the golden rows
before it serves.
"""

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from time import perf_counter
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from schemas.errors import ModelError
from scorers.cuda import CUDA, MOST
from scorers.sessions import CPU, Margins, Rows

# From about here XGBoost, which takes 0.1 ms before the first row, is ahead of ONNX Runtime
# (`python -m bench.scoring`).
LARGE: Final = 1_024
# A call to the GPU costs the same for one row as for a hundred, one on the CPU by the row: where
# they cross depends on the model, and on both devices. Ten milliseconds find it out.
TRIED: Final = (4, 8, 16, 32, 64, 128, 256)
_CALLS: Final = 5


class Engine(NamedTuple):
    """What works margins out: float32[n, features] -> float32[n] of log-odds.

    name: as operators are told it; sizes: of batches at which it takes another way.
    """

    name: str
    margins: Margins
    sizes: Sequence[int]


def by_size(small: Margins, booster: bytes) -> Engine:
    """On the CPU: `small`, and XGBoost for large batches where it is installed.

    Raises ModelError when an installed XGBoost does not start, or cannot read the booster.
    """
    if find_spec("xgboost") is None:
        return Engine(CPU, small, (1,))
    large = _xgboost(booster)
    return Engine(
        f"{CPU}, XGBoost from {LARGE} rows",
        lambda rows: large(rows) if len(rows) >= LARGE else small(rows),
        (1, LARGE),
    )


def on_gpu(small: Margins, large: Margins, rows: Rows) -> Engine:
    """`large`, on the GPU, from the size of batch on at which it is the faster here; below it
    `small`. Tried with `rows`."""
    start = crossing(small, large, rows)
    return Engine(
        f"{CPU}, {CUDA} from {start} rows",
        lambda some: (large if len(some) >= start else small)(some),
        (1, start, MOST + 1),
    )


def crossing(
    small: Margins, large: Margins, rows: Rows, clock: Callable[[], float] = perf_counter
) -> int:
    """The least of TRIED from which `large` is the faster; the last one where it never is."""
    for size in TRIED[:-1]:
        if _least(large, rows, size, clock) <= _least(small, rows, size, clock):
            return size
    return TRIED[-1]


def _least(margins: Margins, rows: Rows, size: int, clock: Callable[[], float]) -> float:
    """The quickest of a few calls, s: the others waited for something else as well."""
    spans = []
    for call in range(_CALLS):
        # Other rows for each: a CPU goes through those that it just saw in half the time.
        some = rows.take(range(call * size, (call + 1) * size), axis=0, mode="wrap")
        began = clock()
        margins(some)
        spans.append(clock() - began)
    return min(spans)


def _xgboost(booster: bytes) -> Margins:
    try:
        import xgboost  # noqa: PLC0415 - a worker does without it

        forest = xgboost.Booster({"nthread": 1}, model_file=bytearray(booster))
    except (ImportError, ValueError) as error:  # XGBoostError is one of the latter
        raise ModelError(f"XGBoost is installed and fails: {error}") from error
    return lambda rows: np.asarray(forest.inplace_predict(rows, predict_type="margin"))


def refuse_other_bits(engine: Engine, rows: Rows, margins: npt.NDArray[np.float32]) -> None:
    """Raise ModelError unless the engine gives `margins` for `rows`, at each of its sizes."""
    for size in engine.sizes:
        some = np.resize(rows, (size, rows.shape[1]))  # repeats them
        if not np.array_equal(engine.margins(some), np.resize(margins, size)):
            raise ModelError(f"{engine.name}: other margins in a batch of {size}: not served")
