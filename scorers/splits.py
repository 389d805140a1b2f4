"""Splits by group: the rows of one account or campaign are never on both sides.

A split by row lets a model recognise an account that it was trained on and calls that skill.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from schemas.errors import ConfigurationError

SHARES = {"fit": 0.6, "stop": 0.15, "calibrate": 0.1, "evaluate": 0.15}

Indices = npt.NDArray[np.int64]


def split(
    groups: npt.NDArray[Any], labels: npt.NDArray[np.int8], seed: int
) -> Mapping[str, Indices]:
    """Row numbers of each split in `SHARES`, ascending; every split holds both classes.

    A group with any abusive row counts as abusive. Raises ConfigurationError when a class has
    fewer groups than there are splits.
    """
    ids, group = np.unique(groups, return_inverse=True)
    abusive = np.zeros(len(ids), np.bool_)
    abusive[group[labels == 1]] = True
    part = np.empty(len(ids), np.int64)
    random = np.random.default_rng(seed)
    for name, members in (("abusive", abusive), ("benign", ~abusive)):
        part[members] = _deal(int(members.sum()), name, random)
    return {name: np.flatnonzero(part[group] == number) for number, name in enumerate(SHARES)}


def _deal(groups: int, name: str, random: np.random.Generator) -> Indices:
    """int64[groups]: the part of each group, at random, at least one group in each part."""
    if groups < len(SHARES):
        raise ConfigurationError(
            f"training needs at least {len(SHARES)} {name} groups to split, found {groups}"
        )
    rest = [max(1, int(share * groups)) for share in list(SHARES.values())[1:]]
    parts = np.repeat(np.arange(len(SHARES)), [groups - sum(rest), *rest])
    return np.asarray(random.permutation(parts))
