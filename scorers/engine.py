"""What works out the margins. Every engine gives the same bits, so speed alone may choose.

Leaves lie on a grid on which no sum rounds (scorers/grid.py), and comparisons are exact: the
margin of a row is one number, whoever adds it up. Each engine is held to that on the golden rows
before it serves.
"""

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from schemas.errors import ModelError
from scorers.cuda import BUCKETS, CUDA, Buckets
from scorers.sessions import CPU, Rows

Margins = Callable[[Rows], npt.NDArray[np.float32]]

# From about here XGBoost, which takes 0.1 ms before the first row, is ahead of ONNX Runtime
# (`python -m bench.scoring`).
LARGE: Final = 1_024


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


def on_gpu(buckets: Buckets) -> Engine:
    """On the GPU, whatever the batch."""
    return Engine(CUDA, buckets, BUCKETS)


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
