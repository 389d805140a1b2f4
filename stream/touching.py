"""Touching: what the linker is told of a batch, once it is scored.

The linker hears how an account acts, not what is known of it: that it weighs itself, and a score
that it has led to must not come back to it as evidence. The peaks, by which it sets the bars, are
of either score, whichever is higher: nobody is known so well that the bars for others fall.
"""

import numpy as np
from numpy.typing import NDArray

from stream.decide.judge import Judge
from stream.decide.matter import Matter
from stream.know.profiles import Profiles
from stream.link.touches import Touch, due, raise_peaks, touches


def touch(
    court: Judge,
    header: NDArray[np.void],
    matter: Matter,
    scores: NDArray[np.float64],
    profiles: Profiles,
) -> list[Touch]:
    """The touches of a batch; the peaks in the states' header move on with them."""
    sight, conduct = matter.sight, scores.copy()
    at = due(sight)
    conduct[at] = court.conduct(matter.take(at))
    peaks = raise_peaks(header, sight, np.maximum(scores, conduct))
    return touches(matter.batch, sight, matter.rows, conduct, peaks, profiles)
