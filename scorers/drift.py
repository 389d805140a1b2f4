"""Drift: how far the rows that are served have moved from those that a model was trained on.

Each feature is cut into bins of about equal counts by the training rows, with one more for what is
not known. PSI, the population stability index, is the sum over the bins of
(found - expected) * ln(found / expected). Below 0.1 is usual, above 0.25 a shift to look into
(Siddiqi, "Credit risk scorecards", 2006). n rows that have not moved at all give about
(bins - 1) / n.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from schemas.errors import ModelError

SUMMARY: Final = "snapshot.json"
BINS: Final = 10
SHIFTED: Final = 0.25
_UNKNOWN: Final = BINS  # the place of what is not known, after the bins
_HALF: Final = 0.5  # of a row in every bin: an empty one must not make the index infinite

Rows = npt.NDArray[np.float32]
Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Summary:
    """How the features of a snapshot are spread.

    edges: of each feature, what parts its bins, rising; a bin holds its upper edge. counts:
    int64[features, BINS + 1], rows in each bin and, last, those where it is not known.
    """

    names: tuple[str, ...]
    edges: tuple[npt.NDArray[np.float32], ...]
    counts: Counts

    @classmethod
    def describe(cls, names: Sequence[str], rows: Rows) -> "Summary":
        """The summary of float32[n, features]."""
        edges = tuple(_deciles(rows[:, place]) for place in range(len(names)))
        return cls(tuple(names), edges, _count(edges, rows))

    def count(self, rows: Rows) -> Counts:
        """int64[features, BINS + 1] of other rows, in the same bins; counts of parts add up."""
        return _count(self.edges, rows)

    def psi(self, counts: Counts) -> Floats:
        """float64[features]: the index of what was counted, at least one row."""
        bins = np.array([len(edges) + 1 for edges in self.edges])[:, None]
        place = np.arange(BINS + 1)
        used = (place < bins) | (place == _UNKNOWN)
        expected, found = (_shares(parts, used) for parts in (self.counts, counts))
        gaps = np.where(used, found - expected, 0.0)
        ratio = np.divide(found, expected, out=np.ones_like(found), where=used)
        index: Floats = (gaps * np.log(ratio)).sum(axis=1)
        return index

    def to_bytes(self) -> bytes:
        """The text of SUMMARY."""
        told = {
            name: {"edges": edges.tolist(), "counts": counts}
            for name, edges, counts in zip(
                self.names, self.edges, self.counts.tolist(), strict=True
            )
        }
        return json.dumps({"features": told}).encode() + b"\n"

    @classmethod
    def parse(cls, content: bytes, names: Sequence[str]) -> "Summary":
        """Read what `to_bytes` wrote. Raises ModelError unless it is of these features."""
        try:
            told = json.loads(content)["features"]
            edges = tuple(np.array(told[name]["edges"], np.float32) for name in names)
            counts = np.array([told[name]["counts"] for name in names], np.int64)
        except (ValueError, KeyError, TypeError) as error:
            raise ModelError(f"{SUMMARY}: cannot be read ({error!r})") from error
        if counts.shape != (len(names), BINS + 1) or any(e.shape > (BINS - 1,) for e in edges):
            raise ModelError(f"{SUMMARY}: counts are {counts.shape}, for {len(names)} features")
        return cls(tuple(names), edges, counts)


def filled(counts: Counts) -> Floats:
    """float64[features]: the share of rows in which each feature is known."""
    share: Floats = 1.0 - counts[:, _UNKNOWN] / counts.sum(axis=1)
    return share


def _deciles(column: Rows) -> Rows:
    known = column[~np.isnan(column)]
    if not len(known):
        return np.empty(0, np.float32)
    # Values of the rows themselves, so that what is constant stays in one bin to the bit.
    inner = np.quantile(known, np.arange(1, BINS) / BINS, method="inverted_cdf")
    return np.unique(inner).astype(np.float32)


def _count(edges: Sequence[Rows], rows: Rows) -> Counts:
    counts = np.zeros((len(edges), BINS + 1), np.int64)
    for place, inner in enumerate(edges):
        column = rows[:, place]
        known = column[~np.isnan(column)]
        counts[place, :BINS] = np.bincount(np.searchsorted(inner, known), minlength=BINS)
        counts[place, _UNKNOWN] = len(column) - len(known)
    return counts


def _shares(counts: Counts, used: npt.NDArray[np.bool_]) -> Floats:
    padded = (counts + _HALF) * used
    shares: Floats = padded / padded.sum(axis=1, keepdims=True)
    return shares
