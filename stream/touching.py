"""Touching: what the linker is told of a batch, once it is scored.

The linker hears how an account acts, not what is known of it: that it weighs itself, and a score
that it has led to must not come back to it as evidence. The peaks, by which it sets the bars, are
of either score, whichever is higher: nobody is known so well that the bars for others fall.
"""

import numpy as np
from numpy.typing import NDArray

from stream.decide.judge import Judge
from stream.decode.batch import RequestBatch
from stream.know.profiles import Profiles
from stream.link.touches import Touch, due, raise_peaks, touches
from stream.remember.windows import Remembered


def touch(
    court: Judge,
    batch: RequestBatch,
    memory: Remembered,
    rows: NDArray[np.float32],
    scores: NDArray[np.float64],
    profiles: Profiles,
) -> list[Touch]:
    """The touches of a batch; the peaks in the states' header move on with them."""
    sight, header = memory.sight, memory.state.header
    at = due(sight)
    conduct = scores.copy()
    conduct[at] = court.conduct(rows[at], batch, sight.take(at))
    peaks = raise_peaks(header, sight, np.maximum(scores, conduct))
    return touches(batch, sight, rows, conduct, peaks, profiles)
