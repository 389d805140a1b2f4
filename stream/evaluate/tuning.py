"""Thresholds of the baselines, chosen on training seeds for a budget of false positives."""

import math
from functools import cache
from pathlib import Path

import numpy as np

from simulate.scenarios import scenario
from stream.evaluate.baselines import BASELINES, Baseline, Watch
from stream.evaluate.judge import judge
from stream.evaluate.traffic import traffic_of

BUDGET = 0.005  # of honest accounts under any friction
# One of the seeds of training (stream/curriculum.py), on the provider that is judged: the
# baselines are tuned at home.
TUNING_SEED = 1_000


@cache
def thresholds(
    name: str, configuration: str, accounts: int, days: float, cache_folder: Path | None
) -> tuple[float, ...]:
    """The lowest thresholds with which at most BUDGET of the honest meet friction.

    A baseline with several thresholds shares the budget out evenly.
    """
    home = scenario(configuration, None, TUNING_SEED, accounts, days)
    traffic = traffic_of(home, cache_folder)
    baseline = BASELINES[name]((math.inf,) * len(BASELINES[name].kinds))
    trial = judge(traffic, Watch(baseline), None)
    honest = [
        n for n, t in enumerate(trial.truths) if not t.abusive and trial.tally.requests[n] > 0
    ]
    allowed = int(len(honest) * BUDGET / len(baseline.kinds))
    return tuple(
        lowest_threshold([peaks.get(n, 0) for n in honest], allowed) for peaks in baseline.peaks
    )


def lowest_threshold(peaks: list[int], allowed: int) -> float:
    """The lowest level, at least 2, that at most `allowed` of the peaks reach."""
    highest = np.sort(np.array(peaks))[::-1]
    return float(max(2, highest[allowed] + 1))


def tuned(
    name: str, configuration: str, accounts: int, days: float, cache_folder: Path | None
) -> Baseline:
    """A baseline with the thresholds that it has at this provider."""
    found = thresholds(name, configuration, accounts, days, cache_folder)
    return BASELINES[name](found)
