"""What two bundles make of the very same events, in sums.

Two samples of accounts differ by chance, and one account that asks ten thousand times would
decide. So a canary is held against what the current bundle says about the canary's own events.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.decisions import Action

Ints = NDArray[np.int64]
Scores = NDArray[np.float64]

BINS: Final = 20  # of equal width over scores: most honest events share one, and stay in it
# Parts of the current bundle's scores, narrow where thresholds lie.
BANDS: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 0.7, 0.85, 0.95, 0.99)
_RANKS: Final = len(Action)


def _zeros(*shape: int) -> Ints:
    return np.zeros(shape, np.int64)


@dataclass(slots=True)
class Comparison:
    """The current bundle first, the other one second.

    actions: int64[5, 5], events by the ranks of the actions that both scores call for;
    scores: int64[2, BINS], events by score; gaps: float64[bands], sums of the differences of
    scores, by the current one's band; bands: int64[2, bands], events, and those that call for
    another action; seconds: float64[2], spent on scoring the same rows.
    """

    actions: Ints = field(default_factory=lambda: _zeros(_RANKS, _RANKS))
    scores: Ints = field(default_factory=lambda: _zeros(2, BINS))
    bands: Ints = field(default_factory=lambda: _zeros(2, len(BANDS) + 1))
    gaps: Scores = field(default_factory=lambda: np.zeros(len(BANDS) + 1))
    seconds: Scores = field(default_factory=lambda: np.zeros(2))

    @property
    def events(self) -> int:
        """How many events were looked at."""
        return int(self.actions.sum())

    @property
    def differing(self) -> int:
        """How many of them call for two different actions."""
        return self.events - int(np.trace(self.actions))

    def add(self, more: "Comparison") -> None:
        """Take in what was found of other events."""
        for name in ("actions", "scores", "bands", "gaps", "seconds"):
            held = getattr(self, name)
            held += getattr(more, name)


def compare(
    scores: tuple[Scores, Scores], actions: tuple[Ints, Ints], seconds: tuple[float, float]
) -> Comparison:
    """Of n events: the scores and the actions' ranks that each bundle gives, [n] each."""
    pairs = np.bincount(actions[0] * _RANKS + actions[1], minlength=_RANKS * _RANKS)
    band, bands = np.searchsorted(BANDS, scores[0], side="right"), len(BANDS) + 1
    differing = np.bincount(band[actions[0] != actions[1]], minlength=bands)
    return Comparison(
        pairs.reshape(_RANKS, _RANKS),
        np.stack([_binned(found) for found in scores]),
        np.stack([np.bincount(band, minlength=bands), differing]),
        np.asarray(np.bincount(band, np.abs(scores[0] - scores[1]), bands), np.float64),
        np.array(seconds),
    )


def _binned(scores: Scores) -> Ints:
    return np.bincount(np.minimum((scores * BINS).astype(np.int64), BINS - 1), minlength=BINS)
