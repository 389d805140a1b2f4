"""Search for hyper-parameters, bounded in trials and in time.

At random, by a seed: with a handful of trials over six parameters that is as good as anything
cleverer (Bergstra and Bengio, "Random search for hyper-parameter optimization", 2012), and the
first trial is always the default, so that a search can only do better on the split that judges
it. That split is neither fitted on, nor calibrated on, nor evaluated on.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from time import monotonic
from typing import Any, Final, NamedTuple

import numpy as np
import xgboost

DEEPEST: Final = 8  # both graphs grow with 2 to the depth

Parameters = Mapping[str, Any]
Grow = Callable[[Parameters], tuple[xgboost.Booster, float]]


class Budget(NamedTuple):
    """At most so many trials; none begins after so many seconds."""

    trials: int = 1
    seconds: float = 600.0


class Trial(NamedTuple):
    """What was tried, the loss on rows that it was not fitted on, and how many trees it took."""

    parameters: dict[str, Any]
    loss: float
    trees: int


class Found(NamedTuple):
    """The best booster, and every trial; `chosen`: which of them it is."""

    booster: xgboost.Booster
    trials: list[Trial]
    chosen: int

    def told(self, budget: Budget) -> dict[str, Any]:
        """For the model card. The time that it took is not in it: the card is reproducible."""
        return {
            **budget._asdict(),
            "chosen": self.chosen,
            "tried": [trial._asdict() for trial in self.trials],
        }


def candidates(seed: int, depth: int) -> Iterator[dict[str, Any]]:
    """The default, then others without end, the same for the same seed."""
    yield {
        "max_depth": depth,
        "eta": 0.1,
        "min_child_weight": 5,
        "subsample": 0.8,
        "colsample_bytree": 0.8,
        "reg_lambda": 1.0,
    }
    random = np.random.default_rng((seed, 0x5EA))
    while True:
        yield {
            "max_depth": int(random.integers(min(3, depth), min(depth + 2, DEEPEST) + 1)),
            "eta": _round(0.03 * 10 ** random.uniform(0, 1)),
            "min_child_weight": int(10 ** random.uniform(0, 2)),
            "subsample": _round(random.uniform(0.5, 1)),
            "colsample_bytree": _round(random.uniform(0.3, 1)),
            "reg_lambda": _round(10 ** random.uniform(-0.5, 1.5)),
        }


def _round(value: float) -> float:
    return round(float(value), 3)


def search(
    grow: Grow,
    seed: int,
    depth: int,
    budget: Budget,
    clock: Callable[[], float] = monotonic,
) -> Found:
    """Grow a booster for each candidate and keep the one of the lowest loss.

    The same seed finds the same booster unless the time runs out.
    """
    end = clock() + budget.seconds
    tried = islice(candidates(seed, depth), max(1, budget.trials))
    best, first = _tried(grow, next(tried))
    trials, chosen = [first], 0
    for parameters in tried:
        if clock() >= end:
            break
        booster, trial = _tried(grow, parameters)
        trials.append(trial)
        if trial.loss < trials[chosen].loss:
            best, chosen = booster, len(trials) - 1
    return Found(best, trials, chosen)


def _tried(grow: Grow, parameters: dict[str, Any]) -> tuple[xgboost.Booster, Trial]:
    booster, loss = grow(parameters)
    return booster, Trial(parameters, round(loss, 9), booster.num_boosted_rounds())
