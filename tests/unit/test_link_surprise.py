"""Surprise: counted as by hand, relative to the population, popularity no guilt."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stream.link.kinds import KIND
from stream.link.surprise import Edges, Sharing, sharing

CARD, DEVICE = KIND["card"], KIND["device"]


def shared(used: dict[int, list[int]], proven: set[int], accounts: int) -> Sharing:
    """The sharing of cards: by value, the accounts that used it."""
    pairs = [(account, number) for number, users in used.items() for account in users]
    account, number = np.array(pairs, np.int64).reshape(-1, 2).T
    kinds = np.full(len(used), CARD, np.uint8)
    mask = np.isin(np.arange(accounts), list(proven))
    return sharing(Edges(account, number, kinds), mask, mask[account])


def by_hand(used: dict[int, list[int]], proven: set[int]) -> list[float]:
    """Bans of each value, from sums over what everybody did."""
    sizes = {number: len(users) for number, users in used.items()}
    old = {number: len(proven & set(users)) for number, users in used.items()}
    base = (sum(old.values()) + 0.5) / (sum(sizes.values()) + 1.0)
    bans = []
    for number, size in sizes.items():
        as_popular = sum(old[other] for other in used if sizes[other] >= size)
        rare = (as_popular + 1.0) / (sum(old.values()) + 2.0)
        few = sum(
            math.comb(size, k) * base**k * (1 - base) ** (size - k) for k in range(old[number] + 1)
        )
        bans.append(-math.log10(max(rare, 1e-12)) - math.log10(max(few, 1e-12)))
    return bans


users = st.lists(st.integers(0, 19), min_size=1, max_size=12, unique=True)


@given(st.lists(users, min_size=1, max_size=8), st.sets(st.integers(0, 19)))
def test_it_is_what_is_counted_by_hand(lists: list[list[int]], proven: set[int]) -> None:
    """Counts and bans agree with a sum over all values and all tails."""
    used = dict(enumerate(lists))
    found = shared(used, proven, 20)
    assert found.accounts.tolist() == [len(one) for one in lists]
    assert found.proven.tolist() == [len(proven & set(one)) for one in lists]
    np.testing.assert_allclose(found.surprise, by_hand(used, proven), rtol=1e-9, atol=1e-9)


def test_popularity_among_established_accounts_is_no_surprise() -> None:
    """All of 300 established accounts and of 300 newcomers use it: less than a ban."""
    popular = {0: list(range(600))} | {n: [n] for n in range(1, 600)}
    found = shared(popular, set(range(300)), 600)
    assert found.surprise[0] < 1


def test_a_value_of_newcomers_alone_is_a_surprise() -> None:
    """40 accounts share a card, none of them established, where others have their own."""
    used = {n: [n] for n in range(300)} | {300: list(range(300, 340))}
    found = shared(used, set(range(300)), 340)
    assert found.surprise[300] > 10
    assert found.surprise[:300].max() < 1


@given(st.integers(4, 30), st.integers(1, 30))
def test_more_newcomers_surprise_more(size: int, more: int) -> None:
    """The larger of two rings, in the same population, has no less surprise."""
    honest: dict[int, list[int]] = {n: [n] for n in range(100)}
    small, large = range(100, 100 + size), range(200, 200 + size + more)
    found = shared(honest | {100: list(small), 101: list(large)}, set(range(100)), 300)
    assert found.surprise[101] >= found.surprise[100]


@given(st.integers(1, 20))
def test_established_users_take_the_surprise_away(shown: int) -> None:
    """Of two values of twenty accounts, the one with more established users surprises less."""
    honest: dict[int, list[int]] = {n: [n] for n in range(100)}
    none = list(range(100, 120))
    some = [*range(shown), *range(140, 160 - shown)]
    found = shared(honest | {100: none, 101: some}, set(range(100)), 160)
    assert found.surprise[101] < found.surprise[100]


def test_kinds_are_weighed_apart() -> None:
    """What devices do says nothing about cards."""
    account, value = np.array([0, 1, 2, 3, 0, 1, 2, 3]), np.array([0, 0, 0, 0, 1, 2, 3, 4])
    kind = np.array([CARD, DEVICE, DEVICE, DEVICE, DEVICE], np.uint8)
    proven = np.array([True, True, False, False])
    both = sharing(Edges(account, value, kind), proven, proven[account])
    alone = sharing(Edges(account[:4], value[:4], kind[:1]), proven, proven[account[:4]])
    assert both.surprise[0] == alone.surprise[0]


def test_it_surprises_by_what_is_done_or_by_what_is_vouched_for() -> None:
    """A hundred established accounts share a value: no surprise, unless none of them vouches for
    it; and what nobody vouches for of anything tells nothing."""
    account = np.concatenate([np.arange(100), np.arange(100)])
    number = np.concatenate([np.zeros(100, np.int64), 1 + np.arange(100)])
    edges, proven = Edges(account, number, np.full(101, CARD, np.uint8)), np.ones(100, bool)

    def surprise(vouched: np.ndarray) -> float:
        return float(sharing(edges, proven, vouched).surprise[0])

    assert surprise(np.ones(200, bool)) < 1
    assert surprise(number > 0) > 2
    assert surprise(np.zeros(200, bool)) < 1
