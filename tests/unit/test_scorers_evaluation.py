"""The figures of a report against their definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorers.evaluation import auc, average_precision, calibration_error, evaluate

SCORED = st.lists(
    st.tuples(st.integers(0, 5).map(lambda tenths: tenths / 10), st.integers(0, 1)),
    min_size=2,
    max_size=40,
).filter(lambda rows: 0 < sum(label for _, label in rows) < len(rows))


@given(SCORED)
def test_auc_is_the_share_of_pairs_in_the_right_order(rows: list[tuple[float, int]]) -> None:
    """Counting all pairs of an abusive and a benign row gives the same area."""
    up = [score for score, label in rows if label]
    down = [score for score, label in rows if not label]
    pairs = [(a > b) + (a == b) / 2 for a in up for b in down]
    scores, labels = np.array([s for s, _ in rows]), np.array([y for _, y in rows], np.int8)
    assert auc(scores, labels) == pytest.approx(sum(pairs) / len(pairs))


def test_average_precision_of_a_known_ranking() -> None:
    """Abusive at ranks 1 and 3: (1/1 + 2/3) / 2."""
    scores, labels = np.array([0.9, 0.8, 0.7, 0.1]), np.array([1, 0, 1, 0], np.int8)
    assert average_precision(scores, labels) == pytest.approx(5 / 6)


def test_tied_scores_enter_together() -> None:
    """With one score for all, precision is the base rate."""
    labels = np.array([1, 0, 0, 0], np.int8)
    assert average_precision(np.full(4, 0.5), labels) == pytest.approx(0.25)


def test_calibration_error_is_the_gap_to_the_frequency() -> None:
    """Scores of 0.6 on rows that are abusive half the time are off by 0.1."""
    labels = np.tile([0, 1], 500).astype(np.int8)
    assert calibration_error(np.full(1_000, 0.6), labels) == pytest.approx(0.1)


def test_a_perfect_model_has_perfect_figures() -> None:
    """Scores equal to the labels: area 1, error 0."""
    labels = np.tile([0, 1], 50).astype(np.int8)
    figures = evaluate(labels.astype(np.float64), labels)
    assert (figures.auc, figures.average_precision) == (1.0, 1.0)
    assert (figures.brier, figures.calibration_error) == (0.0, 0.0)
    assert (figures.rows, figures.abusive) == (100, 50)
