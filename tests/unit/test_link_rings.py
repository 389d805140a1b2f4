"""Rings: two families of values join, hubs glue nothing, hangers-on are let go."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.link.kinds import KIND
from stream.link.rings import rings
from stream.link.surprise import Edges, sharing

Shown = dict[int, list[tuple[str, int]]]


def found(shown: Shown, proven: set[int]) -> list[list[int]]:
    """The rings among accounts, by what each of them showed."""
    values = sorted({one for own in shown.values() for one in own})
    pairs = [(account, values.index(one)) for account, own in shown.items() for one in own]
    account, value = np.array(pairs).T
    kinds = np.array([KIND[kind] for kind, _ in values], np.uint8)
    edges = Edges(account, value, kinds)
    accounts = max(shown) + 1
    mask = np.isin(np.arange(accounts), list(proven))
    return [
        ring.tolist() for ring in rings(edges, sharing(edges, mask, mask[edges.account]), accounts)
    ]


def honest(count: int = 200) -> Shown:
    """Established accounts, each with its own card, device and template."""
    return {n: [("card", 1_000 + n), ("device", 1_000 + n), ("template", n)] for n in range(count)}


def crew(begin: int, count: int, *shared: tuple[str, int]) -> Shown:
    """Newcomers who share values, and have a subnet each."""
    return {n: [*shared, ("subnet", n)] for n in range(begin, begin + count)}


def test_two_families_make_a_ring() -> None:
    """Accounts that share a card and a template, and nobody else."""
    shown = honest() | crew(200, 20, ("card", 1), ("template", 999))
    assert found(shown, set(range(200))) == [list(range(200, 220))]


@pytest.mark.parametrize("kinds", [("card",), ("card", "bin"), ("device",)])
def test_one_family_makes_none(kinds: tuple[str, ...]) -> None:
    """A card and its first digits are the same evidence."""
    shown = honest() | crew(200, 20, *((kind, 1) for kind in kinds))
    assert found(shown, set(range(200))) == []


def test_three_are_too_few() -> None:
    """They may be a family."""
    shown = honest() | crew(200, 3, ("card", 1), ("template", 999))
    assert found(shown, set(range(200))) == []


def test_two_rings_stay_two() -> None:
    """Crews that share nothing with each other."""
    shown = honest() | crew(200, 12, ("card", 1), ("template", 998))
    shown |= crew(212, 12, ("card", 2), ("template", 999))
    assert sorted(found(shown, set(range(200)))) == [list(range(200, 212)), list(range(212, 224))]


def test_a_hub_glues_nothing() -> None:
    """One popular template beside two crews' own cards and devices: still two rings."""
    shown = honest() | crew(200, 12, ("card", 1), ("device", 1), ("template", 999))
    shown |= crew(212, 12, ("card", 2), ("device", 2), ("template", 999))
    for account in range(150):
        shown[account] = [*shown[account], ("template", 999)]
    assert sorted(found(shown, set(range(200)))) == [list(range(200, 212)), list(range(212, 224))]


def test_who_shares_only_the_hub_is_no_member() -> None:
    """Newcomers who use the popular template with a card of their own are left alone."""
    shown = honest() | crew(200, 12, ("card", 1), ("device", 1), ("template", 999))
    for account in range(212, 260):
        shown[account] = [("template", 999), ("card", account), ("device", account)]
    assert found(shown, set(range(200))) == [list(range(200, 212))]


def test_a_loose_member_is_let_go() -> None:
    """Who shares two of the ring's six values is not of it."""
    ties = [("card", 1), ("device", 1), ("template", 999), ("email_domain", 1), ("referrer", 1)]
    shown = honest() | crew(200, 20, *ties, ("document", 1))
    for account in range(200):
        own = [(kind, 1_000 + account) for kind in ("email_domain", "referrer", "document")]
        shown[account] = [*shown[account], *own]
    shown[220] = [("email_domain", 1), ("referrer", 1), ("card", 5_000), ("device", 5_000)]
    assert found(shown, set(range(200))) == [list(range(200, 220))]


def test_half_of_a_population_is_found() -> None:
    """A provider may have as many bought accounts as customers."""
    shown = honest() | crew(200, 200, ("card", 1), ("template", 999))
    assert found(shown, set(range(200))) == [list(range(200, 400))]


def test_a_popular_product_is_no_ring() -> None:
    """Established and new accounts behind one agent: its template and client are no crime."""
    shown = honest(300)
    for account in range(300):
        shown[account] = [*shown[account], ("template", 9_999), ("user_agent", 1)]
    new = crew(300, 60, ("template", 9_999), ("user_agent", 1))
    own = {a: [*o, ("card", a), ("device", a), ("template", a)] for a, o in new.items()}
    assert found(shown | own, set(range(300))) == []


def test_nobody_is_no_ring() -> None:
    """No use at all."""
    none = np.zeros(0, np.int64)
    edges = Edges(none, none, np.zeros(0, np.uint8))
    assert rings(edges, sharing(edges, np.zeros(0, bool), np.zeros(0, bool)), 0) == []


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_an_account_is_in_one_ring_at_most(seed: int) -> None:
    """Whatever is shared: rings are disjoint, sorted, of four or more."""
    rng = np.random.default_rng(seed)
    kinds = ("card", "device", "template", "subnet")
    shown = {
        account: [(kind, int(rng.integers(1, 12))) for kind in kinds if rng.random() < 0.7]
        for account in range(80)
    }
    proven = set(np.flatnonzero(rng.random(80) < 0.5).tolist())
    groups = found(shown | {80: [("card", 1)]}, proven)
    members = [account for group in groups for account in group]
    assert len(members) == len(set(members))
    assert all(group == sorted(group) and len(group) >= 4 for group in groups)
