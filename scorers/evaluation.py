"""How good scores are on rows that the model has not seen."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int8]

_BINS = 10


class Evaluation(NamedTuple):
    """Figures of a held-out split; all in 0-1."""

    rows: int
    abusive: int
    auc: float  # chance that an abusive row scores above a benign one
    average_precision: float  # area under precision and recall
    brier: float  # mean squared error of the score, lower is better
    calibration_error: float  # expected gap of score and frequency, lower is better


def evaluate(scores: Scores, labels: Labels) -> Evaluation:
    """Figures for scores float64[n] against labels int8[n] of 0/1; both classes present."""
    return Evaluation(
        rows=len(labels),
        abusive=int(labels.sum()),
        auc=round(auc(scores, labels), 6),
        average_precision=round(average_precision(scores, labels), 6),
        brier=round(float(np.mean((scores - labels) ** 2)), 6),
        calibration_error=round(calibration_error(scores, labels), 6),
    )


def auc(scores: Scores, labels: Labels) -> float:
    """Area under the ROC curve, ties counted half (Mann-Whitney)."""
    _, place, count = np.unique(scores, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[place]
    positives = int(labels.sum())
    above = rank[labels == 1].sum() - positives * (positives + 1) / 2
    return float(above / (positives * (len(labels) - positives)))


def average_precision(scores: Scores, labels: Labels) -> float:
    """Precision averaged over the recall that each threshold adds; tied rows enter together."""
    _, place, count = np.unique(-scores, return_inverse=True, return_counts=True)
    found = np.bincount(place, weights=labels)
    return float(np.sum(found * np.cumsum(found) / np.cumsum(count)) / labels.sum())


def calibration_error(scores: Scores, labels: Labels) -> float:
    """Expected calibration error over ten bins of equal count.

    Bins of equal width would put nearly all rows of a rare class into one bin.
    """
    order = np.argsort(scores, kind="stable")
    bins = np.array_split(order, _BINS)
    gaps = [abs(float(scores[b].sum() - labels[b].sum())) for b in bins]
    return sum(gaps) / len(scores)
