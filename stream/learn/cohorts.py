"""Held-out rows by cohort: which honest accounts a model would bother."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kyc.tiers import Tier
from schemas.features import FEATURE_NAMES
from scorers.curves import Floats
from stream.decide.policy import SHIPPED, load_policy
from stream.learn.lessons import Trained
from stream.remember.calendar import Ints

_AGE: Final = FEATURE_NAMES.index("age_seen_days")
_BANDS: Final = {1.0: "seen for less than a day", 7.0: "1 to 7 days", 30.0: "7 to 30 days"}
_LONGER: Final = "longer"

Thresholds = Mapping[Literal["restrict", "rate_limit", "step_up", "block"], float]


class Held(NamedTuple):
    """Columns of the held-out rows."""

    score: Floats
    label: NDArray[np.int8]
    account: Ints
    request: Ints
    exchanges: Ints
    cohort: NDArray[np.str_]


class Bothered(NamedTuple):
    """Of the honest accounts of a cohort, the share that ever reaches each threshold."""

    cohort: str
    shares: tuple[float, ...]
    accounts: int


def held_out(trained: Trained) -> Held:
    """The held-out rows of a training."""
    lesson, found = trained.lesson, trained.report.held_out
    rows = found.rows
    cohort = np.where(lesson.cohort == "", _bands(lesson.table.features[:, _AGE]), lesson.cohort)
    return Held(
        found.scores,
        lesson.table.label[rows],
        lesson.account[rows],
        lesson.request[rows],
        lesson.exchanges[rows],
        cohort[rows],
    )


def _bands(age: NDArray[np.float32]) -> NDArray[np.str_]:
    """What stands for a cohort where none is told: since when the account was seen."""
    names = np.array([*_BANDS.values(), _LONGER])
    return names[np.searchsorted(list(_BANDS), age, side="right")]


def thresholds_of_strangers() -> Thresholds:
    """The shipped policy's for accounts of the lowest tier."""
    return load_policy(SHIPPED).thresholds[Tier.UNVERIFIED]


def bothered(held: Held, thresholds: Sequence[float]) -> Iterator[Bothered]:
    """Every cohort with honest accounts, by name."""
    benign = held.label == 0
    for cohort in np.unique(held.cohort[benign]).tolist():
        rows = np.flatnonzero(benign & (held.cohort == cohort))
        ids, place = np.unique(held.account[rows], return_inverse=True)
        highest = np.zeros(len(ids))
        np.maximum.at(highest, place, held.score[rows])
        shares = (float((highest >= threshold).mean()) for threshold in thresholds)
        yield Bothered(cohort, tuple(shares), len(ids))
