"""Golden rows: rows with the scores that XGBoost gives them, for the runtime to prove itself by."""

import io
import zipfile
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from schemas.errors import ModelError

Rows = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float64]

MOST: Final = 128
# Scores are rounded to the sixth decimal. Between processors one may tip over to the next; two
# apart is another score.
TOLERANCE: Final = 1.5e-6
# What NumPy raises at bytes that are no `.npz`: TypeError at a lone array.
_UNREADABLE: Final = (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile)


class Golden(NamedTuple):
    """float32[n, features], and float64[n] of scores from the lowest to the highest."""

    rows: Rows
    scores: Scores

    @classmethod
    def choose(cls, rows: Rows, scores: Scores) -> "Golden":
        """At most MOST rows, evenly spread over the order of their scores: both ends included."""
        order = np.argsort(scores, kind="stable")
        places = np.linspace(0, len(order) - 1, min(MOST, len(order))).round().astype(np.int64)
        chosen = order[np.unique(places)]
        return cls(rows[chosen], scores[chosen])

    def to_bytes(self) -> bytes:
        """An `.npz` file, the same for the same rows."""
        written = io.BytesIO()
        np.savez(written, rows=self.rows, scores=self.scores)
        return written.getvalue()

    @classmethod
    def parse(cls, content: bytes, features: int) -> "Golden":
        """Read what `to_bytes` wrote. Raises ModelError unless it is rows of so many features."""
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as told:
                golden = cls(told["rows"], told["scores"])
        except _UNREADABLE as error:
            raise ModelError(f"golden rows cannot be read: {error}") from error
        shape, types = golden.rows.shape, f"{golden.rows.dtype}, {golden.scores.dtype}"
        if not len(golden.scores) or shape != (len(golden.scores), features):
            raise ModelError(f"golden rows are {shape}, must be (some, {features})")
        if types != "float32, float64":
            raise ModelError(f"golden rows are {types}, must be float32, float64")
        return golden

    def refuse(self, scores: Scores) -> None:
        """Raise ModelError when what a runtime gave for `rows` is not what it must give."""
        # `not <=` refuses NaN as well.
        if not (worst := float(np.abs(scores - self.scores).max())) <= TOLERANCE:
            raise ModelError(f"golden rows: scores are off by {worst:.3g}, at most {TOLERANCE:.3g}")
