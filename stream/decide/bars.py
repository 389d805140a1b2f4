"""Bars: thresholds that keep the policy's budget of false positives in the stream at hand.

Conformal: an established account's highest score is a draw from what honest accounts reach; the
k-th highest of n bounds what share of others like them reaches it, k / (n + 1), whatever the
distribution. Members of campaigns are left out. Until enough is seen, a score alone leads to
little, and only where it is nearly certain.
"""

import math
from types import MappingProxyType
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.decisions import Action
from stream.decide.policy import Budget
from stream.decide.statute import Bars

NEVER: Final = math.inf
AT_FIRST: Final[Bars] = MappingProxyType(
    {Action.RESTRICT: 0.99, Action.RATE_LIMIT: 0.99, Action.STEP_UP: NEVER, Action.BLOCK: NEVER}
)


FIRST_ASK: Final = 0.99


class Calibration(NamedTuple):
    """What a stream's established accounts call for: bars of actions, and of the KYC score from
    which on more proof is asked for."""

    actions: Bars
    ask: float


def ask_bar(peaks: NDArray[np.float64], share: float) -> float:
    """The bar of asking, which `share` of established accounts may reach.

    peaks: just above the highest KYC score of each that could have led to an asking; 0: not known.
    """
    bar = _bar(np.sort(peaks[peaks > 0.0])[::-1], share)
    return FIRST_ASK if bar is None else bar


def bars(highest: NDArray[np.float64], budget: Budget) -> Bars:
    """Bars from the highest score of each established account."""
    falling = np.sort(highest)[::-1]
    friction = _bar(falling, budget.friction)
    if friction is None:
        return AT_FIRST
    half, block = _bar(falling, budget.friction / 2), _bar(falling, budget.block)
    return {
        Action.RESTRICT: friction,
        Action.RATE_LIMIT: friction,
        Action.STEP_UP: NEVER if half is None else half,
        Action.BLOCK: NEVER if block is None else block,
    }


def _bar(falling: NDArray[np.float64], share: float) -> float | None:
    """What a share of the accounts may exceed; None while they are too few to tell."""
    allowed = int(share * (len(falling) + 1))
    # Just beyond the score of the last one allowed: of n + 1 alike, so many stand above it.
    return float(np.nextafter(falling[allowed - 1], 2.0)) if 0 < allowed <= len(falling) else None
