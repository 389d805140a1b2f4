"""Calibration: the same bits wherever a value stands, and Platt's parameters found again."""

import numpy as np
import pytest

from schemas.errors import ModelError
from scorers.calibration import Calibration, fit

CALIBRATION = Calibration(1.2270857, 0.4982393)


def test_a_score_does_not_depend_on_its_neighbours() -> None:
    """Every value has the same bits at every place of arrays of every small length."""
    margins = np.linspace(-12, 12, 257, dtype=np.float32)
    alone = np.concatenate([CALIBRATION.score(margins[i : i + 1]) for i in range(len(margins))])
    for length in range(1, 68):
        for start in range(0, len(margins) - length, 31):
            window = slice(start, start + length)
            assert np.array_equal(CALIBRATION.score(margins[window]), alone[window])


def test_scores_rise_with_margins_and_stay_within_0_and_1() -> None:
    """From the largest negative margin to the largest positive one, without overflow."""
    margins = np.array([-3e38, -100, -1, 0, 1, 100, 3e38], np.float32)
    scores = CALIBRATION.score(margins)
    assert np.all(np.diff(scores) >= 0)
    assert (scores[0], scores[-1]) == (0.0, 1.0)


def test_scores_have_six_decimals() -> None:
    """A score prints with at most six decimals."""
    scores = CALIBRATION.score(np.linspace(-5, 5, 101, dtype=np.float32))
    assert all(len(repr(score).split(".")[1]) <= 6 for score in scores.tolist() if score > 1e-4)


def test_fit_finds_the_parameters_that_made_the_labels() -> None:
    """Labels drawn from a known slope and intercept lead back to both."""
    random = np.random.default_rng(0)
    margins = random.normal(size=50_000).astype(np.float32) * 2
    chances = 1 / (1 + np.exp(-(0.7 * margins - 1.0)))
    found = fit(margins, (random.random(50_000) < chances).astype(np.int8))
    assert found.slope == pytest.approx(0.7, abs=0.03)
    assert found.intercept == pytest.approx(-1.0, abs=0.05)


def test_fit_stays_finite_when_the_classes_are_apart() -> None:
    """Perfectly separated classes do not drive the slope to infinity."""
    margins = np.repeat([-2, 2], 50).astype(np.float32)
    found = fit(margins, np.repeat([0, 1], 50).astype(np.int8))
    assert 0 < found.slope < 10


def test_fit_refuses_a_model_that_ranks_backwards() -> None:
    """Margins that fall with the labels are an error, not a negative slope."""
    margins = np.linspace(-3, 3, 100, dtype=np.float32)
    with pytest.raises(ModelError, match="ranks backwards"):
        fit(margins, (margins < 0).astype(np.int8))
