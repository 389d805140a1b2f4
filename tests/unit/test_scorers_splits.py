"""Splits never part a group, and every split can be learnt from and judged on."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import ConfigurationError
from scorers.splits import JUDGED, SHARES, Calendar, split


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


@given(
    groups=st.integers(12, 40),
    rows=st.integers(10, 30),
    newest=st.floats(0.25, 0.5),
    seed=st.integers(0, 99),
)
def test_time_parts_learning_from_judging(groups: int, rows: int, newest: float, seed: int) -> None:
    """No group and no moment is on both sides, and nothing is learnt that was not yet known."""
    random = np.random.default_rng(seed)
    group = np.arange(groups).repeat(rows)
    labels = (group % 2).astype(np.int8)
    time = np.tile(np.arange(rows), groups) * 100 + random.integers(0, 100, len(group))
    known = time + random.integers(0, 200, len(time))
    parts = split(group, labels, seed, Calendar(time, known, newest))
    judged = parts[JUDGED]
    learnt = np.concatenate([part for name, part in parts.items() if name != JUDGED])
    assert not set(group[judged]) & set(group[learnt])
    assert time[learnt].max() < time[judged].min()
    assert known[learnt].max() <= time[judged].min()


def test_a_label_that_came_too_late_is_not_learnt_from() -> None:
    """Known a moment after the cut, and the rest can be split: only its rows are missing."""
    group = np.arange(40).repeat(10)
    labels, time = (group % 2).astype(np.int8), np.tile(np.arange(10), 40) * 100
    late = np.where(group == 7, 501, 0)
    with_it, without = (
        split(group, labels, 3, Calendar(time, known, 0.5)) for known in (time * 0, late)
    )
    gone = set(np.concatenate(list(with_it.values()))) - set(np.concatenate(list(without.values())))
    assert {int(group[row]) for row in gone} <= {7}
    assert 7 in {int(group[row]) for name in SHARES if name != JUDGED for row in with_it[name]}
    assert gone


def test_a_split_in_time_without_a_class_is_refused() -> None:
    """All labels came after the cut: nothing can be learnt, and the error says which split."""
    group = np.arange(40).repeat(10)
    labels, time = (group % 2).astype(np.int8), np.tile(np.arange(10), 40) * 100
    with pytest.raises(ConfigurationError, match="labelled before the cut in `fit`"):
        split(group, labels, 3, Calendar(time, np.full(400, 10_000), 0.5))
