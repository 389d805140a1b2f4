"""When a canary has failed: by sums over the same events, and not by too few of them."""

import numpy as np
import pytest

from stream.bundles.bounds import Bounds, exceeded, psi
from stream.bundles.comparison import BANDS, Comparison, Ints, Scores, compare

BOUNDS = Bounds(events=1_000, actions=0.01, scores=0.25, latency=3.0)


def spread(count: int = 5_000, seed: int = 1) -> Scores:
    """Scores as they come: most of them low."""
    return np.random.default_rng(seed).beta(0.3, 3, count)


def called(scores: Scores) -> Ints:
    """Block from 0.9, restrict from 0.5."""
    return np.where(scores >= 0.9, 4, np.where(scores >= 0.5, 1, 0))


def found(ours: Scores, theirs: Scores, seconds: tuple[float, float] = (1.0, 1.0)) -> Comparison:
    return compare((ours, theirs), (called(ours), called(theirs)), seconds)


def test_the_same_scores_are_within_bounds() -> None:
    """A bundle never fails against itself."""
    assert exceeded(found(spread(), spread()), BOUNDS) == ""


def test_a_little_noise_is_within_bounds() -> None:
    """A retrained model is never quite the same."""
    noise = np.random.default_rng(2).normal(scale=0.01, size=5_000)
    assert exceeded(found(spread(), np.clip(spread() + noise, 0, 1)), BOUNDS) == ""


def test_too_few_events_judge_nothing() -> None:
    """However far apart the scores are."""
    assert exceeded(found(np.zeros(999), np.ones(999)), BOUNDS) == ""
    assert exceeded(found(np.zeros(1_000), np.ones(1_000)), BOUNDS) != ""


def test_more_of_an_action_is_told_with_both_shares() -> None:
    """The reason names the action that has moved most."""
    ours = np.full(2_000, 0.1)
    theirs = np.where(np.arange(2_000) < 50, 0.95, 0.1)
    told = exceeded(found(ours, theirs), BOUNDS)
    assert told == "block for 2.50% of the events, with the current bundle 0.00%"


def test_less_of_an_action_counts_as_well() -> None:
    """A candidate that lets everybody go has failed, too."""
    ours = np.where(np.arange(2_000) < 50, 0.95, 0.1)
    assert "current bundle" in exceeded(found(ours, np.full(2_000, 0.1)), BOUNDS)


def test_scores_that_move_without_an_action_are_told() -> None:
    """All below the thresholds, and yet another distribution."""
    told = exceeded(found(np.full(2_000, 0.1), np.full(2_000, 0.4)), BOUNDS)
    assert told.startswith("scores have moved: PSI")


def test_a_slow_one_is_told() -> None:
    """By the time for the same rows."""
    told = exceeded(found(spread(), spread(), (1.0, 3.5)), BOUNDS)
    assert told == "scoring takes 3.5 times as long, at most 3"


def test_psi_is_zero_for_the_same_and_grows_with_the_distance() -> None:
    """And is finite where a bin is empty."""
    one = np.array([100, 50, 10, 0])
    near, far = np.array([95, 54, 11, 0]), np.array([0, 10, 50, 100])
    assert psi(one, one) == 0.0
    assert 0.0 < psi(one, near) < 0.1 < psi(one, far) < np.inf


def test_parts_add_up_to_the_whole() -> None:
    """However a stream was cut into batches."""
    ours, theirs = spread(), spread(seed=2)
    parts = Comparison()
    for begin in range(0, 5_000, 700):
        part = slice(begin, begin + 700)
        parts.add(found(ours[part], theirs[part], (0.0, 0.0)))
    whole = found(ours, theirs, (0.0, 0.0))
    for name in ("actions", "scores", "bands"):
        assert np.array_equal(getattr(parts, name), getattr(whole, name)), name
    assert parts.gaps == pytest.approx(whole.gaps)
    assert (parts.events, parts.differing) == (5_000, whole.differing)


def test_nothing_is_lost_at_the_ends() -> None:
    """Scores of exactly 0 and 1 have their bins and bands."""
    ends = np.array([0.0, 1.0])
    one = found(ends, ends)
    assert (one.scores.sum(), one.bands[0, 0], one.bands[0, len(BANDS)]) == (4, 1, 1)


def test_an_empty_batch_is_nothing() -> None:
    """A canary's accounts may not be in it."""
    assert found(np.zeros(0), np.zeros(0)).events == 0
