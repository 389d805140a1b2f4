"""Noticing: who shares what is surprising is told of, once, and again when it has changed."""

import numpy as np
import pytest

from stream.link.kinds import KIND
from stream.link.linker import HOUR_MS, Changes, Linker
from stream.link.notice import Notice
from stream.link.noticing import MOST, RENEWED_MS, SHARERS
from stream.link.touches import Touch
from tests.unit.gates import DAY, MINUTE, NOW
from tests.unit.touched import CERTAIN, honest, hours, ring, touch, value

CARD, TEMPLATE = (value(kind, 7) for kind in ("card", "template"))


def told(linker: Linker, *touches: Touch) -> dict[str, Notice]:
    """What is said of whom while touches are folded; of one account the last."""
    found: dict[str, Notice] = {}
    for one in touches:
        changes: Changes = linker.fold(one)
        found |= {linker.ledger.name[account]: notice for account, notice in changes.notices}
    return found


@pytest.fixture
def linker() -> Linker:
    """Knows a hundred established accounts and a ring of twelve."""
    linker = Linker(CERTAIN, 2.0)
    told(linker, *honest(100), *ring(12))
    return linker


def test_members_of_a_ring_are_told_of_and_nobody_else(linker: Linker) -> None:
    """What twelve unproven accounts share surprises; what two old customers share does not."""
    found = told(linker, *hours(1, NOW + HOUR_MS))
    assert set(found) == {f"r{number:03}" for number in range(12)}
    assert {(n.accounts, n.unproven, n.families) for n in found.values()} == {(12, 12, 2)}
    assert all(n.surprise > 2 and n.excess > 0.3 for n in found.values())
    assert {n.kind for n in found.values()} <= {KIND["card"], KIND["template"]}


def test_what_was_told_is_not_told_again(linker: Linker) -> None:
    """The next searches find the same."""
    told(linker, *hours(1, NOW + HOUR_MS))
    assert told(linker, *hours(5, NOW + 2 * HOUR_MS)) == {}


def test_a_newcomer_is_told_of_at_once(linker: Linker) -> None:
    """Its first touch shows the ring's card: no search has to come."""
    told(linker, *hours(1, NOW + HOUR_MS))
    card = next(ring(1)).values[0]
    found = told(linker, touch("new", NOW + HOUR_MS + MINUTE, card))
    assert (found["new"].accounts, found["new"].unproven, found["new"].families) == (13, 13, 1)
    assert told(linker, touch("new", NOW + HOUR_MS + 2 * MINUTE, card)) == {}


def test_a_newcomer_with_values_of_its_own_is_not(linker: Linker) -> None:
    """Nothing is shared, nothing is said."""
    told(linker, *hours(1, NOW + HOUR_MS))
    assert told(linker, touch("own", NOW + HOUR_MS + MINUTE, CARD, TEMPLATE)) == {}


def test_a_ring_that_grew_is_told_of_anew(linker: Linker) -> None:
    """By a quarter or more."""
    told(linker, *hours(1, NOW + HOUR_MS))
    later = NOW + HOUR_MS + MINUTE
    told(linker, *(touch(f"r{n:03}", later, *next(ring(1)).values) for n in range(12, 24)))
    found = told(linker, *hours(1, NOW + 3 * HOUR_MS))
    assert {notice.accounts for notice in found.values()} == {24}
    assert "r000" in found


def test_what_is_over_is_taken_back(linker: Linker) -> None:
    """The ring's accounts become established: what they share surprises no more."""
    told(linker, *hours(1, NOW + HOUR_MS))
    proven = (touch(f"r{n:03}", NOW + HOUR_MS + MINUTE + n, established=True) for n in range(12))
    more = (
        touch(f"p{n}", NOW + 2 * HOUR_MS, *next(ring(1)).values, established=True)
        for n in range(100)
    )
    found = told(linker, *proven, *more, *hours(1, NOW + 4 * HOUR_MS))
    assert (found["r000"].surprise, found["r000"].families) == (0, 0)


def test_what_lasts_is_told_before_it_is_forgotten(linker: Linker) -> None:
    """The store keeps a notice for 34 days."""
    settled = NOW + 2 * DAY  # nobody is new any more
    told(linker, *hours(1, NOW + HOUR_MS), *hours(1, settled))
    assert told(linker, *hours(1, settled + RENEWED_MS // 2)) == {}
    found = told(linker, *hours(1, settled + RENEWED_MS))
    assert set(found) == {f"r{number:03}" for number in range(12)}


def test_one_search_tells_of_so_many_at_most(linker: Linker) -> None:
    """The others come with the next ones, the most surprising first."""
    crowd = [touch(f"x{n}", NOW + HOUR_MS, CARD, TEMPLATE) for n in range(MOST // 2)]
    crowd += [touch(f"y{n}", NOW + HOUR_MS, value("card", 8)) for n in range(MOST // 2 + 100)]
    waiting = [n for one in crowd for n in linker.fold(one).notices]
    first = linker.fold(next(hours(1, NOW + 3 * HOUR_MS)))
    second = linker.fold(next(hours(1, NOW + 5 * HOUR_MS)))
    assert first.searched
    assert len(first.notices) <= MOST
    assert len(waiting) + len(first.notices) + len(second.notices) >= len(crowd)


def test_the_same_touches_bring_the_same_notices() -> None:
    """A linker that starts again says what the one before it said."""
    touches = [*honest(60), *ring(12), *hours(3, NOW + HOUR_MS)]
    assert told(Linker(CERTAIN, 2.0), *touches) == told(Linker(CERTAIN, 2.0), *touches)


def test_no_established_account_is_needed() -> None:
    """Without accounts' facts nobody is established: shares of the unproven say nothing."""
    crowd = [touch(f"a{n}", NOW + n, value("card", n), value("device", n)) for n in range(60)]
    linker = Linker(CERTAIN, 2.0)
    found = told(linker, *crowd, *ring(12), touch("a0", NOW + HOUR_MS))
    assert all(abs(notice.excess) < 1e-9 for notice in found.values())


def test_two_who_share_are_not_worth_telling() -> None:
    """They may be one person."""
    assert SHARERS > 2
    linker = Linker(CERTAIN, 2.0)
    assert told(linker, *honest(100), *ring(2), *hours(1, NOW + HOUR_MS)) == {}


def test_growth_is_against_the_streams_own() -> None:
    """Where everybody is new, new accounts say nothing."""
    linker = Linker(CERTAIN, 2.0)
    old = (
        touch(f"h{n}", NOW, value("card", n // 2), begun=1, established=True) for n in range(100)
    )
    found = told(linker, *old, *ring(12), *hours(1, NOW + HOUR_MS))
    assert min(notice.growth for notice in found.values()) > 1
    fresh = Linker(CERTAIN, 2.0)
    found = told(fresh, *honest(100), *ring(12), *hours(1, NOW + HOUR_MS))
    assert max(np.abs(notice.growth) for notice in found.values()) < 0.1
