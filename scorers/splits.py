"""Splits by group and by time: the rows of one account or campaign are never on both sides.

A split by row lets a model recognise an account that it was trained on and calls that skill. A
split that ignores time lets it learn on Tuesday what a reviewer found out on Friday.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from schemas.errors import ConfigurationError

SHARES = {"fit": 0.6, "stop": 0.15, "calibrate": 0.1, "evaluate": 0.15}
JUDGED: Final = "evaluate"

Indices = npt.NDArray[np.int64]
Labels = npt.NDArray[np.int8]
Times = npt.NDArray[np.int64]


class Calendar(NamedTuple):
    """When rows were made, and from when on their label was known, ms; `newest`: the share of
    rows, by time, that only evaluation sees."""

    time: Times
    known: Times
    newest: float

    @property
    def cut(self) -> int:
        """Learning is over here, ms: evaluation begins."""
        return int(np.quantile(self.time, 1.0 - self.newest, method="higher"))


def split(
    groups: npt.NDArray[Any], labels: Labels, seed: int, calendar: Calendar | None = None
) -> Mapping[str, Indices]:
    """Row numbers of each split in `SHARES`, ascending; every split holds both classes.

    A group with any abusive row counts as abusive. With a calendar, evaluation has only rows
    from its cut on, and all else only rows before it whose label was known by then; rows that
    fit neither are in no split. Raises ConfigurationError when a class has fewer groups than
    there are splits, or a split lacks a class.
    """
    ids, group = np.unique(groups, return_inverse=True)
    abusive = np.zeros(len(ids), np.bool_)
    abusive[group[labels == 1]] = True
    part = np.empty(len(ids), np.int64)
    random = np.random.default_rng(seed)
    for name, members in (("abusive", abusive), ("benign", ~abusive)):
        part[members] = _deal(int(members.sum()), name, random)
    parts = {name: np.flatnonzero(part[group] == number) for number, name in enumerate(SHARES)}
    return _in_time(parts, labels, calendar) if calendar else parts


def _deal(groups: int, name: str, random: np.random.Generator) -> Indices:
    """int64[groups]: the part of each group, at random, at least one group in each part."""
    if groups < len(SHARES):
        raise ConfigurationError(
            f"training needs at least {len(SHARES)} {name} groups to split, found {groups}"
        )
    rest = [max(1, int(share * groups)) for share in list(SHARES.values())[1:]]
    parts = np.repeat(np.arange(len(SHARES)), [groups - sum(rest), *rest])
    return np.asarray(random.permutation(parts))


def _in_time(
    parts: Mapping[str, Indices], labels: Labels, calendar: Calendar
) -> Mapping[str, Indices]:
    cut = calendar.cut
    learnt = (calendar.time < cut) & (calendar.known <= cut)
    judged = calendar.time >= cut
    kept = {
        name: rows[(judged if name == JUDGED else learnt)[rows]] for name, rows in parts.items()
    }
    for name, rows in kept.items():
        if len(np.unique(labels[rows])) < 2:
            side = "at or after" if name == JUDGED else "labelled before"
            raise ConfigurationError(
                f"split by time: no row of one class is {side} the cut in `{name}`; give more "
                "data, or a smaller share of the newest rows"
            )
    return kept
