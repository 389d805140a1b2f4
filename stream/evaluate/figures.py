"""Figures of one trial: who was reached, what leaked, who was hit without cause."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stream.evaluate.judge import Trial
from stream.evaluate.tally import BLOCK, NEVER, RATE_LIMIT, RESTRICT, STEP_UP

HOUR_MS = 3_600_000
EARLY = 10  # exchanges, by the last of which whoever lives on free credit is to be asked


@dataclass(frozen=True, slots=True)
class Reach:
    """What became of the accounts of one abusive cohort. Shares are of its exchanges."""

    cohort: str
    accounts: int  # that made an exchange
    friction: int  # accounts that met any action
    strong: int  # … rate_limit, step_up or block
    blocked: int
    exchanges: int
    leaked_friction: float  # before the account's first friction
    leaked_strong: float
    prevented: float
    prevented_by: dict[str, float]
    hours_to_friction: float | None  # median over the accounts that met any, from `begins`
    hours_to_strong: float | None
    tried: int  # accounts that made EARLY exchanges
    asked_early: int  # … and were asked for proof, or blocked, before the last of these


@dataclass(frozen=True, slots=True)
class Honest:
    """False positives in one honest class, in accounts that met an action so strong."""

    cohort: str
    accounts: int
    restrict: int
    rate_limit: int
    step_up: int
    block: int
    exchanges: int
    prevented: int


def reach(trial: Trial, cohort: str) -> Reach:
    """The figures of one abusive cohort."""
    tally = trial.tally
    rows = np.array([t.cohort == cohort and t.abusive for t in trial.truths], bool)
    rows &= tally.exchanges > 0
    total = int(tally.exchanges[rows].sum())
    first, begins = tally.first[rows], tally.begins[rows]

    def share(count: NDArray[np.int64]) -> float:
        return float(count.sum() / total) if total else 0.0

    def hours(action: int) -> float | None:
        met = first[:, action] < NEVER
        waits = (first[met, action] - begins[met]) / HOUR_MS
        return float(np.median(waits)) if met.any() else None

    met = (first < NEVER).sum(axis=0).tolist()
    prevented, tried = tally.prevented[rows], tally.exchanges[rows] >= EARLY
    early = (first[:, STEP_UP] < NEVER) & (tally.before[rows, STEP_UP] < EARLY)
    return Reach(
        cohort=cohort,
        accounts=int(rows.sum()),
        friction=met[RESTRICT],
        strong=met[RATE_LIMIT],
        blocked=met[BLOCK],
        exchanges=total,
        leaked_friction=share(tally.before[rows, RESTRICT]),
        leaked_strong=share(tally.before[rows, RATE_LIMIT]),
        prevented=share(prevented),
        prevented_by={
            "rate_limit": share(prevented[:, RATE_LIMIT]),
            "step_up": share(prevented[:, STEP_UP]),
            "block": share(prevented[:, BLOCK]),
        },
        hours_to_friction=hours(RESTRICT),
        hours_to_strong=hours(RATE_LIMIT),
        tried=int(tried.sum()),
        asked_early=int((tried & early).sum()),
    )


def honest(trial: Trial) -> list[Honest]:
    """Every honest class of the population, one by one."""
    cohorts = dict.fromkeys(t.cohort for t in trial.truths if not t.abusive)
    return [_class(trial, cohort) for cohort in cohorts]


def _class(trial: Trial, cohort: str) -> Honest:
    tally = trial.tally
    rows = np.array([t.cohort == cohort and not t.abusive for t in trial.truths], bool)
    rows &= tally.requests > 0
    met = (tally.first[rows] < NEVER).sum(axis=0).tolist()
    return Honest(
        cohort=cohort,
        accounts=int(rows.sum()),
        restrict=met[RESTRICT],
        rate_limit=met[RATE_LIMIT],
        step_up=met[STEP_UP],
        block=met[BLOCK],
        exchanges=int(tally.exchanges[rows].sum()),
        prevented=int(tally.prevented[rows].sum()),
    )


def together(classes: Sequence[Honest]) -> Honest:
    """All honest classes as one."""
    names = [name for name in Honest.__dataclass_fields__ if name != "cohort"]
    return Honest("all honest", **{n: sum(getattr(c, n) for c in classes) for n in names})
