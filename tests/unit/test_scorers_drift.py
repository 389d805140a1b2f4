"""Drift against its definition, and against what must not count as drift."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import ModelError
from scorers.drift import BINS, SHIFTED, Summary, filled

VALUES = st.lists(
    st.one_of(st.integers(-3, 3).map(float), st.just(math.nan)), min_size=1, max_size=60
)


def column(values: list[float]) -> np.ndarray:
    """Rows of one feature."""
    return np.array(values, np.float32)[:, None]


def by_hand(trained: list[float], served: list[float]) -> float:
    """The index, one value at a time: bins that begin above an edge and hold the next one."""
    known = sorted(v for v in trained if not math.isnan(v))
    tenths = [known[math.ceil(k * len(known) / BINS) - 1] for k in range(1, BINS)] if known else []
    edges = sorted(set(tenths))

    def share(values: list[float]) -> list[float]:
        counts = [0.5] * (len(edges) + 2)
        for value in values:
            place = -1 if math.isnan(value) else sum(value > edge for edge in edges)
            counts[place] += 1
        return [count / sum(counts) for count in counts]

    pairs = zip(share(trained), share(served), strict=True)
    return sum((found - expected) * math.log(found / expected) for expected, found in pairs)


@given(VALUES, VALUES)
def test_the_index_is_its_definition(trained: list[float], served: list[float]) -> None:
    """Counting value by value gives the same sum."""
    summary = Summary.describe(("a",), column(trained))
    found = summary.psi(summary.count(column(served)))
    assert found[0] == pytest.approx(by_hand(trained, served), abs=1e-12)


@given(VALUES, VALUES, VALUES)
def test_counts_of_parts_add_up(trained: list[float], one: list[float], two: list[float]) -> None:
    """Workers count apart, and their counts are one count."""
    summary = Summary.describe(("a",), column(trained))
    parts = summary.count(column(one)) + summary.count(column(two))
    assert np.array_equal(parts, summary.count(column(one + two)))


@given(VALUES)
def test_what_was_trained_on_has_not_moved(trained: list[float]) -> None:
    """The index of the very rows is 0, and never below it."""
    summary = Summary.describe(("a",), column(trained))
    assert summary.psi(summary.counts)[0] == 0.0


def test_rows_alike_stay_far_below_a_shift() -> None:
    """Two samples of one distribution differ by chance only: about bins / rows."""
    random = np.random.default_rng(1)
    rows = random.normal(size=(40_000, 3)).astype(np.float32)
    summary = Summary.describe(("a", "b", "c"), rows)
    other = random.normal(size=(1_000, 3)).astype(np.float32)
    assert summary.psi(summary.count(other)).max() < 0.03


def test_a_moved_and_an_emptied_feature_stand_out() -> None:
    """One that moved by a standard deviation, and one that is no longer sent."""
    random = np.random.default_rng(2)
    summary = Summary.describe(("a", "b", "c"), random.normal(size=(9_000, 3)).astype(np.float32))
    served = random.normal(size=(1_000, 3)).astype(np.float32)
    served[:, 1] += 1
    served[:500, 2] = np.nan
    counts = summary.count(served)
    still, moved, emptied = summary.psi(counts)
    assert still < 0.1 < SHIFTED < min(moved, emptied)
    assert filled(counts).tolist() == [1.0, 1.0, 0.5]


def test_a_summary_reads_back_what_was_written() -> None:
    """To the bit: edges are float32, and a value on an edge must stay in its bin."""
    rows = np.random.default_rng(3).normal(size=(500, 2)).astype(np.float32)
    rows[::7, 1] = np.nan
    summary = Summary.describe(("a", "b"), rows)
    again = Summary.parse(summary.to_bytes(), ("a", "b"))
    assert np.array_equal(again.count(rows), summary.counts)
    assert np.array_equal(again.counts, summary.counts)


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b'{"features": {}}', b'{"features": {"a": {"edges": [1], "counts": [2]}}}'],
)
def test_another_summary_is_refused(content: bytes) -> None:
    """Not one of these features, or no summary at all."""
    with pytest.raises(ModelError, match=r"snapshot\.json"):
        Summary.parse(content, ("a",))
