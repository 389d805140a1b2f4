"""What a threshold brings, at every threshold: the curves of an evaluation report."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Labels = npt.NDArray[np.int8]

_BINS = 10


class PrecisionRecall(NamedTuple):
    """By falling threshold: the share of rows at or above it that are abusive, and of the abusive
    rows that are at or above it."""

    threshold: Floats
    precision: Floats
    recall: Floats


class Reliability(NamedTuple):
    """Of bins of about equal counts: mean score, share of abusive rows, rows."""

    score: Floats
    frequency: Floats
    rows: Ints


class TradeOff(NamedTuple):
    """At each threshold: the share of benign accounts that ever reach it, and of the abusive
    accounts' exchanges those that came before their account first did."""

    threshold: Floats
    bothered: Floats
    leaked: Floats


def precision_recall(scores: Floats, labels: Labels) -> PrecisionRecall:
    """At every distinct score; both classes present."""
    found, place, count = np.unique(-scores, return_inverse=True, return_counts=True)
    abusive = np.cumsum(np.bincount(place, weights=labels))
    return PrecisionRecall(-found, abusive / np.cumsum(count), abusive / abusive[-1])


def reliability(scores: Floats, labels: Labels) -> Reliability:
    """Ten bins, or as many as there are rows."""
    order = np.argsort(scores, kind="stable")
    bins = np.array_split(order, min(_BINS, len(order)))
    return Reliability(
        np.array([scores[rows].mean() for rows in bins]),
        np.array([labels[rows].mean() for rows in bins]),
        np.array([len(rows) for rows in bins], np.int64),
    )


def trade_off(
    scores: Floats,
    labels: Labels,
    account: npt.NDArray[Any],
    request: Ints,
    exchanges: Ints,
    thresholds: Floats,
) -> TradeOff:
    """Rows of accounts: which one, at which of its requests, and how many it made in all.

    An account is taken to pass a threshold at the first of its rows that does. Rows are samples
    of requests, so it may have passed some requests earlier: what leaked is never understated.
    """
    order = np.lexsort((request, account))
    scores, labels, account = scores[order], labels[order], account[order]
    begins = np.flatnonzero(np.r_[True, account[1:] != account[:-1]])
    before, all_of_them = request[order] - 1, exchanges[order]
    abusive = np.maximum.reduceat(labels, begins) == 1
    highest = np.maximum.reduceat(scores, begins)
    made = all_of_them[begins][abusive].sum()

    def leaked(threshold: float) -> float:
        first = np.where(scores >= threshold, before, all_of_them)
        return float(np.minimum.reduceat(first, begins)[abusive].sum() / made)

    return TradeOff(
        thresholds,
        np.array([(highest[~abusive] >= threshold).mean() for threshold in thresholds]),
        np.array([leaked(threshold) for threshold in thresholds]),
    )
