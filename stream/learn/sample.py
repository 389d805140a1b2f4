"""A sample of the rows that are served, for comparing them with those that were trained on."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.features import FEATURE_NAMES
from stream.decode.batch import RequestBatch
from stream.learn.moments import due
from stream.remember.windows import Sight

Rows = NDArray[np.float32]

MOST: Final = 4_096  # rows that are held, the latest ones: 1.3 MB
PER_BATCH: Final = 64  # of a batch: copying them takes less than 10 µs


class Sample:
    """A witness of the main path that holds the latest rows at the moments of training."""

    def __init__(self, most: int = MOST) -> None:
        self._held = np.empty((most, len(FEATURE_NAMES)), np.float32)
        self._seen = 0

    def witness(self, _: RequestBatch, sight: Sight, rows: Rows) -> None:
        """Take some of a batch, evenly spread over it."""
        kept = np.flatnonzero(due(sight.requests))
        kept = kept[:: 1 + len(kept) // PER_BATCH]
        places = np.arange(self._seen, self._seen + len(kept)) % len(self._held)
        self._held[places] = rows[kept]
        self._seen += len(kept)

    def rows(self) -> Rows:
        """A copy of what is held, float32[n, features]."""
        return self._held[: min(self._seen, len(self._held))].copy()
