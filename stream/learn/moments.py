"""At which of its requests an account is looked at: the 1st, 2nd, 3rd, 4th, 6th, 9th, 13th …

Half as many again each time: scores must be right from the first request on, and a busy account
must not outweigh others. Training learns from these rows, and drift compares with these rows, so
that both see accounts at the same ages.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from stream.remember.calendar import Ints

_MOST: Final = 1 << 48  # no account makes so many requests


def _all() -> list[int]:
    found = [1]
    while found[-1] < _MOST:
        found.append(found[-1] + max(1, found[-1] // 2))
    return found


MOMENTS: Final = np.array(_all(), np.int64)


def due(requests: Ints) -> NDArray[np.bool_]:
    """Which events are looked at; requests: how many their account has made, from 1 on."""
    kept: NDArray[np.bool_] = MOMENTS[np.searchsorted(MOMENTS, requests)] == requests
    return kept
