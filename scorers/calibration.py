"""Platt scaling: from a margin in log-odds to a probability that means what it says."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from schemas.errors import ModelError

DECIMALS = 6
_FLAT = 30.0  # beyond it the sixth decimal no longer moves, and exp never overflows
_STEPS = 100


class Calibration(NamedTuple):
    """score = sigmoid(slope * margin + intercept); the slope is positive."""

    slope: float
    intercept: float

    def score(self, margins: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """float32[n] of log-odds to float64[n] in 0-1, rounded to six decimals.

        Elementwise in float64, so a row's score does not depend on the rows beside it. Where
        two processors' exp differ in the last bit, the rounding hides it.
        """
        odds = self.slope * np.asarray(margins, np.float64) + self.intercept
        return np.round(1.0 / (1.0 + np.exp(-np.clip(odds, -_FLAT, _FLAT))), DECIMALS)


def fit(margins: npt.NDArray[np.float32], labels: npt.NDArray[np.int8]) -> Calibration:
    """Fit on rows that training has not seen: margins float32[n], labels 0/1.

    Newton's method with backtracking on Platt's smoothed targets, after Lin, Lin and Weng,
    "A note on Platt's probabilistic outputs for support vector machines" (2007).
    Raises ModelError when the margins do not rise with the labels.
    """
    inputs = np.stack([margins.astype(np.float64), np.ones(len(margins))], axis=1)
    positives = int(labels.sum())
    low, high = 1.0 / (len(labels) - positives + 2), (positives + 1.0) / (positives + 2)
    targets = np.where(labels == 1, high, low)
    weights = np.array([1.0, 0.0])
    for _ in range(_STEPS):
        step = _newton(inputs, targets, weights)
        weights = weights + step
        if np.abs(step).max() < 1e-10:
            break
    slope, intercept = (float(weight) for weight in weights)
    if not slope > 0.0:
        raise ModelError(f"calibration found a slope of {slope:.3g}: the model ranks backwards")
    return Calibration(slope, intercept)


def _newton(
    inputs: npt.NDArray[np.float64],
    targets: npt.NDArray[np.float64],
    weights: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    """One step, halved until the loss does not rise; zeros when none helps."""
    chances = np.exp(-np.logaddexp(0.0, -(inputs @ weights)))
    slopes = inputs.T @ (chances - targets)
    curves = (inputs * (chances * (1.0 - chances))[:, None]).T @ inputs
    step = -np.linalg.solve(curves + 1e-12 * np.eye(2), slopes)
    loss = _loss(inputs, targets, weights)
    while _loss(inputs, targets, weights + step) > loss:
        step = step / 2
        if np.abs(step).max() < 1e-12:
            return np.zeros(2)
    return np.asarray(step)


def _loss(
    inputs: npt.NDArray[np.float64],
    targets: npt.NDArray[np.float64],
    weights: npt.NDArray[np.float64],
) -> float:
    odds = inputs @ weights
    return float(np.sum(np.logaddexp(0.0, odds) - targets * odds))
