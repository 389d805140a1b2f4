"""Buckets: exact in whole numbers, refilled evenly, bounded in number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.check.bucket import Bucket, Buckets

DAY_MS = 86_400_000


def test_a_full_bucket_holds_its_quota() -> None:
    """A hundred at once, and not one more."""
    bucket = Bucket(100, DAY_MS)
    assert [bucket.take(0) for _ in range(101)].count(0) == 100


def test_a_refusal_says_exactly_when() -> None:
    """A millisecond earlier it is refused, then it is granted."""
    bucket = Bucket(7, 60_000)
    for _ in range(7):
        assert bucket.take(0) == 0
    wait = bucket.take(0)
    assert wait == 8_572  # 60,000 / 7, rounded up
    assert bucket.take(wait - 1) == 1
    assert bucket.take(wait) == 0


def test_a_clock_that_goes_back_gives_nothing() -> None:
    """Time that was counted is not counted again."""
    bucket = Bucket(1, 1_000)
    assert bucket.take(5_000) == 0
    assert bucket.take(4_000) > 0


@given(
    quota=st.integers(1, 20),
    window=st.integers(1, 5_000),
    steps=st.lists(st.integers(0, 800), min_size=1, max_size=200),
)
def test_no_stretch_grants_more_than_its_share(quota: int, window: int, steps: list[int]) -> None:
    """Between any two grants lie at most a full bucket and what was refilled."""
    bucket, now, granted = Bucket(quota, window), 0, []
    for step in steps:
        now += step
        if not bucket.take(now):
            granted.append(now)
    for i, first in enumerate(granted):
        for count, last in enumerate(granted[i:], 1):
            assert (count - quota) * window <= (last - first) * quota


def test_each_account_has_its_own() -> None:
    """One that is used up takes nothing from another."""
    buckets = Buckets(1, DAY_MS)
    assert buckets.take("a", 0) == 0
    assert buckets.take("a", 0) > 0
    assert buckets.take("b", 0) == 0


@pytest.mark.parametrize("accounts", [3, 50])
def test_only_so_many_are_kept(accounts: int) -> None:
    """The ones that asked last; whoever is forgotten begins anew."""
    buckets = Buckets(1, DAY_MS, most=2)
    for number in range(accounts):
        buckets.take(str(number), 0)
    assert buckets.take(str(accounts - 1), 0) > 0
    assert buckets.take("0", 0) == 0
