"""The search keeps the best trial, within its bounds, and says what it tried."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count, islice
from typing import cast

import pytest
import xgboost

from scorers.search import DEEPEST, Budget, Grow, Parameters, candidates, search


@dataclass(frozen=True, slots=True)
class Stump:
    """Stands for a booster."""

    number: int

    def num_boosted_rounds(self) -> int:
        return self.number


def growing(losses: list[float]) -> Grow:
    """Boosters 0, 1, 2 … of these losses."""
    numbers: Iterator[int] = count()

    def grow(_: Parameters) -> tuple[xgboost.Booster, float]:
        number = next(numbers)
        return cast(xgboost.Booster, Stump(number)), losses[number]

    return grow


def ticking() -> Callable[[], float]:
    """A clock that moves by a second each time that it is looked at."""
    seconds = count()
    return lambda: float(next(seconds))


@pytest.mark.parametrize(("losses", "best"), [([3, 1, 2], 1), ([1, 1, 1], 0), ([3, 2, 1], 2)])
def test_the_lowest_loss_wins(losses: list[float], best: int) -> None:
    """Of equal ones the first, so that the default stays where nothing is better."""
    found = search(growing(losses), 1, 6, Budget(3, 100.0))
    assert found.booster == Stump(best)
    assert found.chosen == best
    assert [trial.loss for trial in found.trials] == losses


def test_no_trial_begins_when_the_time_is_over() -> None:
    """The end is looked at before each trial but the first."""
    found = search(growing([9.0] * 50), 1, 6, Budget(50, 3.0), ticking())
    assert len(found.trials) == 3


def test_one_trial_is_made_without_any_time() -> None:
    """A training always brings a model."""
    assert len(search(growing([1.0]), 1, 6, Budget(50, 0.0), ticking()).trials) == 1


def test_candidates_are_the_seeds() -> None:
    """The same for the same seed, others for another, the default first."""
    one, again, other = (list(islice(candidates(seed, 6), 20)) for seed in (1, 1, 2))
    assert one == again
    assert one[0] == other[0]
    assert one[1:] != other[1:]


@pytest.mark.parametrize("depth", [1, 4, 6, 8])
def test_no_candidate_is_too_deep(depth: int) -> None:
    """Both graphs grow with 2 to the depth."""
    deepest = max(found["max_depth"] for found in islice(candidates(3, depth), 200))
    assert deepest <= min(depth + 2, DEEPEST)
