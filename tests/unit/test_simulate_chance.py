"""Draws without state have the laws that they claim."""

import numpy as np
import pytest

from simulate.chance import geometric, key_of, mix, normal, poisson, uniform, weibull

KEYS = mix(np.arange(40_000, dtype=np.uint64), 7)


def test_uniform_is_uniform() -> None:
    """Deciles of 40,000 draws hold a tenth each, within four standard errors."""
    counts = np.histogram(uniform(KEYS, 1), bins=10, range=(0, 1))[0]
    assert np.abs(counts - 4000).max() < 4 * 60


def test_uniform_leaves_out_the_ends() -> None:
    """No draw is 0 or 1, so that logarithms are finite."""
    draws = uniform(KEYS, 2)
    assert 0 < draws.min() < draws.max() < 1


def test_lanes_are_independent() -> None:
    """Two lanes of one key do not correlate."""
    assert abs(np.corrcoef(uniform(KEYS, 3), uniform(KEYS, 4))[0, 1]) < 0.02


def test_neighbouring_keys_are_independent() -> None:
    """Key n tells nothing about key n + 1."""
    draws = uniform(np.arange(40_000, dtype=np.uint64), 3)
    assert abs(np.corrcoef(draws[1:], draws[:-1])[0, 1]) < 0.02


def test_normal_is_normal() -> None:
    """Mean 0, standard deviation 1, one in twenty beyond 1.96."""
    draws = normal(KEYS, 5)
    assert abs(draws.mean()) < 0.02
    assert abs(draws.std() - 1) < 0.02
    assert np.mean(np.abs(draws) > 1.96) == pytest.approx(0.05, abs=0.005)


@pytest.mark.parametrize("mean", [0.05, 1.0, 8.0, 40.0, 900.0])
def test_poisson_has_its_mean_and_variance(mean: float) -> None:
    """Counts have equal mean and variance on both sides of the change of method."""
    counts = poisson(KEYS, 6, np.full(len(KEYS), mean))
    assert counts.mean() == pytest.approx(mean, rel=0.06)
    assert counts.var() == pytest.approx(mean, rel=0.06)


def test_poisson_of_nothing_is_nothing() -> None:
    """An account at rest makes no request."""
    assert not poisson(KEYS, 6, np.zeros(len(KEYS))).any()


@pytest.mark.parametrize("mean", [1.0, 1.5, 12.0])
def test_geometric_has_its_mean(mean: float) -> None:
    """Turns start at 1 and have the mean that is asked for."""
    counts = geometric(KEYS, 8, np.full(len(KEYS), mean))
    assert counts.min() == 1
    assert counts.mean() == pytest.approx(mean, rel=0.03)


def test_weibull_is_heavy_below_one() -> None:
    """Shape 0.5 has its mean, 2, far above its median, 0.48."""
    gaps = weibull(KEYS, 9, np.full(len(KEYS), 0.5))
    assert gaps.mean() == pytest.approx(2.0, rel=0.1)
    assert np.median(gaps) == pytest.approx(0.48, rel=0.05)


def test_keys_do_not_run_together() -> None:
    """Parts are kept apart: ("a", "bc") is not ("ab", "c")."""
    assert key_of("a", "bc") != key_of("ab", "c")
