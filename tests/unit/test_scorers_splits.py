"""Splits never part a group, and every split can be learnt from and judged on."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import ConfigurationError
from scorers.splits import SHARES, split


def _table(abusive: int, benign: int, rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    groups = np.arange(abusive + benign).repeat(rows)
    return random.permutation(groups), np.zeros(len(groups), np.int8)


@given(
    abusive=st.integers(4, 30),
    benign=st.integers(4, 60),
    rows=st.integers(1, 5),
    seed=st.integers(0, 99),
)
def test_groups_stay_whole_and_both_classes_are_everywhere(
    abusive: int, benign: int, rows: int, seed: int
) -> None:
    """Every row is in one split, no group in two, and each split has both classes."""
    groups, labels = _table(abusive, benign, rows, seed)
    labels[groups < abusive] = 1
    parts = split(groups, labels, seed)
    held = [set(groups[part]) for part in parts.values()]
    assert sorted(np.concatenate(list(parts.values()))) == list(range(len(groups)))
    assert sum(len(h) for h in held) == len(set.union(*held))
    assert all(len(set(labels[part])) == 2 for part in parts.values())


def test_a_group_with_one_abusive_row_counts_as_abusive() -> None:
    """Four such groups are enough for four splits."""
    groups = np.arange(8).repeat(3)
    labels = np.zeros(24, np.int8)
    labels[[0, 3, 6, 9]] = 1
    assert all(labels[part].sum() == 1 for part in split(groups, labels, 0).values())


def test_group_ids_may_be_strings() -> None:
    """Campaign and account ids need no numbering by the caller."""
    groups = np.array([f"account-{number}" for number in range(8)])
    labels = np.tile([0, 1], 4).astype(np.int8)
    assert set(split(groups, labels, 0)) == set(SHARES)


@pytest.mark.parametrize(("abusive", "benign", "name"), [(3, 9, "abusive"), (9, 3, "benign")])
def test_too_few_groups_are_refused(abusive: int, benign: int, name: str) -> None:
    """The error names the class that lacks groups and how many it needs."""
    groups, labels = _table(abusive, benign, 1, 0)
    labels[groups < abusive] = 1
    with pytest.raises(ConfigurationError, match=f"at least 4 {name} groups to split, found 3"):
        split(groups, labels, 0)
