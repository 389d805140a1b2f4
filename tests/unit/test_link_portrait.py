"""The portrait: each trait on a population made for it, relative to established accounts."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtri

from schemas.features import FEATURE_NAMES
from stream.link.belonging import is_own, likely, ties
from stream.link.kinds import KIND
from stream.link.population import HALF_TOLD, SHARERS, Population
from stream.link.portrait import DOUBT, TRAITS, portrait
from stream.link.surprise import Edges, sharing
from tests.unit.gates import DAY, NOW

HONEST, RING = 200, 20
MEMBERS = np.arange(HONEST, HONEST + RING)
SIZE = RING / (RING + DOUBT)  # what is left of a trait in a ring of so many


def trait(name: str, members: np.ndarray[Any, Any] = MEMBERS, **changed: Any) -> float:
    """A trait of the ring in the population below, changed as given."""
    return float(portrait(population(**changed), members)[TRAITS.index(name)])


def population(shown: dict[str, Any] | None = None, **changed: Any) -> Population:
    """200 established accounts of all habits, and a ring of 20 newcomers of the same."""
    rng = np.random.default_rng(3)
    accounts = HONEST + RING
    kinds = ["card", "subnet", "template", "email_domain", *(shown or {})]
    account, value, kind = [], [], []
    for name in kinds:
        own = np.asarray((shown or {}).get(name, np.arange(accounts)))
        used = np.unique(own)
        account.append(np.arange(accounts))
        value.append(np.searchsorted(used, own) + sum(map(len, kind)))
        kind.append(np.full(len(used), KIND[name], np.uint8))
    edges = Edges(np.concatenate(account), np.concatenate(value), np.concatenate(kind))
    proven = np.arange(accounts) < HONEST
    rows = rng.random((accounts, len(FEATURE_NAMES)))
    rows[:, FEATURE_NAMES.index("requests_count_24h")] = rng.integers(1, 1_000, accounts)
    rows[:, FEATURE_NAMES.index("age_seen_days")] = 10
    usual: dict[str, Any] = {
        "rows": rows,
        "score": rng.random(accounts),
        "proven": proven,
        "requests": np.full(accounts, 10**9),
        "begun": np.full(accounts, NOW - 10 * DAY),
        "clock": NOW,
        "edges": edges,
    }
    told = usual | changed
    told["anew"] = told["edges"].take(np.isin(told["edges"].account, told.pop("moved", [])))
    return Population(
        **told,
        sharing=sharing(told["edges"], told["proven"], told["proven"][told["edges"].account]),
    )


def shared(kind: str, members: int = RING) -> dict[str, Any]:
    """So many members use one value of a kind; everybody else has an own one."""
    own = np.arange(HONEST + RING)
    own[HONEST : HONEST + members] = HONEST
    return {kind: own}


def changed_rows(name: str, value: float) -> Any:
    """The population's rows, the members' feature at a value."""
    rows = population().rows.copy()
    rows[MEMBERS, FEATURE_NAMES.index(name)] = value
    return rows


def test_ordinary_newcomers_have_no_conduct() -> None:
    """Scores like everybody's: no deviation beyond chance."""
    assert abs(trait("conduct")) < 0.6


def test_conduct_is_how_far_scores_are_from_the_established() -> None:
    """All members where five in six of the established are below them: one deviation."""
    score = population().score.copy()
    score[MEMBERS] = 0.84
    assert trait("conduct", score=score) == pytest.approx(SIZE, abs=0.15)
    assert trait("strange", score=score) == 0


@pytest.mark.parametrize("name", ["conduct", "even", "alike"])
def test_the_first_requests_tell_little_of_how_members_act(name: str) -> None:
    """Those whom a product brings try it out in one hour, which is like nobody's month."""
    score, requests = population().score.copy(), population().requests.copy()
    rows = population().rows.copy()
    rows[MEMBERS] = rows[MEMBERS[0]]
    rows[MEMBERS, FEATURE_NAMES.index("requests_count_24h")] = np.linspace(200, 400, RING)
    score[MEMBERS], requests[MEMBERS] = 0.84, HALF_TOLD
    used = trait(name, score=score, rows=rows)
    tried = trait(name, score=score, rows=rows, requests=requests)
    assert 0 < tried < 0.7 * used


def test_conduct_counts_up_to_a_bound() -> None:
    """All members above all established accounts: that makes up for nothing else."""
    score = population().score.copy()
    score[MEMBERS] = 2.0
    assert (trait("conduct", score=score), trait("strange", score=score)) == (1.5, 0.35)


def test_conduct_is_relative() -> None:
    """A provider whose established accounts score as high sees nothing strange."""
    rng = np.random.default_rng(9)
    assert abs(trait("conduct", score=0.9 + 0.1 * rng.random(HONEST + RING))) < 0.6


def test_unproven_is_against_the_population() -> None:
    """Nothing where the ring has as many unproven accounts as the population; more where more."""
    as_usual = np.concatenate([np.arange(20), [HONEST, HONEST + 1]])
    assert trait("unproven", as_usual) == pytest.approx(0, abs=0.05)
    mixed = np.arange(HONEST - RING // 2, HONEST + RING // 2)
    assert 0 < trait("unproven", mixed) < trait("unproven")


def test_size_is_in_octaves() -> None:
    """Twice as many members, one more; less the doubt about few."""
    assert trait("size") == pytest.approx(np.log2(RING) * SIZE)


def test_even_rates_are_narrower_than_usual() -> None:
    """Members at one pace, others at any."""
    assert trait("even", rows=changed_rows("requests_count_24h", 100)) > 1
    assert abs(trait("even")) < 0.8


@given(st.floats(0.1, 50), st.integers(0, RING))
def test_even_is_relative_and_bounded(times: float, alike: int) -> None:
    """A provider whose accounts ask for many times as much, and so many members at one pace."""
    rows = population().rows
    column = FEATURE_NAMES.index("requests_count_24h")
    rows[MEMBERS[:alike], column] = 100
    rows[:, column] += 10  # below one request a day there is no pace
    more = rows.copy()
    more[:, column] *= times
    assert trait("even", rows=more) == pytest.approx(trait("even", rows=rows), abs=1e-9)
    assert trait("even", rows=more) <= 1.5


@pytest.mark.parametrize(
    "company",
    [
        pytest.param({"shown": shared("subnet")}, id="one line"),
        pytest.param({"unplaced": True}, id="nobody knows"),
    ],
)
def test_even_rates_of_one_place_say_nothing(company: dict[str, Any]) -> None:
    """A shift in one office works at one pace; and without addresses anybody may be one."""
    rows = changed_rows("requests_count_24h", 100)
    if company.pop("unplaced", False):
        rows[:, FEATURE_NAMES.index("networks_distinct_30d")] = 0
    assert trait("even", rows=rows, **company) == pytest.approx(0, abs=1e-9)


def test_even_is_of_the_last_day() -> None:
    """New accounts that asked half a day ask as much as old ones in a day."""
    rows = changed_rows("requests_count_24h", 100)
    rows[MEMBERS[::2], FEATURE_NAMES.index("requests_count_24h")] = 50
    uneven = trait("even", rows=rows)
    rows[MEMBERS[::2], FEATURE_NAMES.index("age_seen_days")] = 0.5
    assert trait("even", rows=rows) > uneven


def test_a_few_who_are_unproven_do_not_stand_for_the_ring() -> None:
    """Three of many at one pace are so by chance: all members are looked at."""
    rows = population().rows
    few = np.concatenate([np.arange(30), MEMBERS[:3]])
    rows[MEMBERS[:3], FEATURE_NAMES.index("requests_count_24h")] = 100
    assert abs(trait("even", few, rows=rows)) < 0.8


def test_alike_is_nearness_of_habits() -> None:
    """One row for all members: 1; rows like everybody's: about 0."""
    rows = population().rows.copy()
    rows[MEMBERS] = rows[HONEST]
    assert trait("alike", rows=rows) == pytest.approx(SIZE)
    assert abs(trait("alike")) < 0.15


def test_apart_is_having_lines_of_their_own() -> None:
    """Each its own subnet, or all of them in one."""
    assert trait("apart") == pytest.approx((1 - 1 / RING) * SIZE)
    assert trait("apart", shown=shared("subnet")) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("kind", "name"), [("card", "identity"), ("template", "content"), ("document", "identity")]
)
def test_sharing_is_the_share_of_members_that_share(kind: str, name: str) -> None:
    """Of identity and of content, all of them or half."""
    assert trait(name, shown=shared(kind)) == pytest.approx(SIZE)
    assert trait(name, shown=shared(kind, RING // 2)) == pytest.approx(SIZE / 2)
    assert trait(name) == 0


def test_elicits_is_a_rank() -> None:
    """Members draw out reasoning more than anybody: near 1; nobody does: 0."""
    elicitation = "elicitation_mean_7d"
    assert trait("elicits", rows=changed_rows(elicitation, 5.0)) > 0.85 * SIZE
    assert abs(trait("elicits")) < 0.3


def test_together_is_the_share_under_one_mail_domain() -> None:
    """A company's accounts are; strangers' are not."""
    assert trait("together", shown=shared("email_domain")) == pytest.approx(SIZE)
    assert trait("together") == pytest.approx(SIZE / RING)


@given(st.integers(0, RING), st.sampled_from(["subnet", "tls_fingerprint", "card", "template"]))
def test_anew_is_the_share_that_moved_and_does_the_same_now(moved: int, kind: str) -> None:
    """With values of two families that three took up; a place is none of them."""
    shown = shared("user_agent") | shared(kind)
    told = moved if moved >= SHARERS and kind in ("card", "template") else 0
    expected = pytest.approx(told / RING * SIZE)
    assert trait("anew", shown=shown, moved=MEMBERS[:moved]) == expected


def test_what_is_popular_was_not_taken_up_together() -> None:
    """Two programs' updates that everybody has, whoever moved as well."""
    everybodys = np.zeros(HONEST + RING)
    shown = {"user_agent": everybodys, "system_prompt": everybodys}
    assert trait("anew", shown=shown, moved=MEMBERS) == 0


def test_without_established_accounts_all_are_the_reference() -> None:
    """A new provider's first hours: finite numbers, nothing strange by itself."""
    proven = np.zeros(HONEST + RING, bool)
    traits = portrait(population(proven=proven), MEMBERS)
    assert np.isfinite(traits).all()
    assert abs(traits[TRAITS.index("conduct")]) < 0.6


@given(st.floats(0.01, 100))
def test_another_unit_of_scores_changes_nothing(scale: float) -> None:
    """Only the ranks of scores count."""
    np.testing.assert_allclose(
        portrait(population(score=population().score * scale), MEMBERS),
        portrait(population(), MEMBERS),
    )


def test_not_known_is_not_strange() -> None:
    """A feature that nobody has leaves every trait finite."""
    rows = np.full((HONEST + RING, len(FEATURE_NAMES)), np.nan)
    assert np.isfinite(portrait(population(rows=rows), MEMBERS)).all()


def test_who_only_behaves_alike_is_let_go() -> None:
    """A member tied by nothing but behaviour, and much less strange than the others."""
    score = np.linspace(0, 0.5, HONEST + RING)
    score[MEMBERS] = 0.9
    score[MEMBERS[0]] = 0.1
    told = population(score=score)
    assert MEMBERS[0] not in likely(told, MEMBERS)
    assert set(MEMBERS[1:]) == set(likely(told, MEMBERS))


@pytest.mark.parametrize(("days", "stays"), [(16, True), (18, False), (400, False)])
def test_who_is_older_by_far_is_let_go(days: int, stays: bool) -> None:
    """Accounts of ten days, and one older by more than a week that only works as they do."""
    begun = np.full(HONEST + RING, NOW - 10 * DAY)
    begun[MEMBERS[0]] = NOW - days * DAY
    score = np.linspace(0, 0.5, HONEST + RING)
    score[MEMBERS] = 0.9
    told = population(score=score, begun=begun)
    assert (MEMBERS[0] in likely(told, MEMBERS)) is stays


def test_accounts_of_all_ages_are_let_be() -> None:
    """Where most of a ring were taken from their owners, none is older by far."""
    begun = NOW - DAY * np.arange(1, HONEST + RING + 1)
    begun[MEMBERS] = NOW - DAY * 30 * np.arange(1, RING + 1)
    score = np.linspace(0, 0.5, HONEST + RING)
    score[MEMBERS] = 0.9
    assert set(likely(population(score=score, begun=begun), MEMBERS)) == set(MEMBERS)


@pytest.mark.parametrize("days", [18, 400])
def test_an_old_account_that_shows_what_ties_the_ring_stays(days: int) -> None:
    """It was taken, or bought."""
    begun = np.full(HONEST + RING, NOW - 10 * DAY)
    begun[MEMBERS[0]] = NOW - days * DAY
    shown = {kind: own for name in ("card", "template") for kind, own in shared(name).items()}
    assert MEMBERS[0] in likely(population(shown, begun=begun), MEMBERS)


@pytest.mark.parametrize("kinds", [("card",), ("card", "template")])
def test_who_shows_two_kinds_of_what_ties_the_ring_stays(kinds: tuple[str, ...]) -> None:
    """However ordinary its score; one kind alone may be a popular tool."""
    score = np.linspace(0, 0.5, HONEST + RING)
    score[MEMBERS] = 0.9
    score[MEMBERS[0]] = 0.1
    shown = {kind: own for name in kinds for kind, own in shared(name, RING).items()}
    kept = MEMBERS if len(kinds) == 2 else MEMBERS[1:]
    assert set(likely(population(shown, score=score), MEMBERS)) == set(kept)


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 99)), unique=True, max_size=60),
    st.sets(st.integers(0, 9)),
)
def test_the_uses_of_some_are_those_of_a_walk(pairs: list[tuple[int, int]], some: set[int]) -> None:
    """Every edge of theirs, once, and no other's."""
    account, value = np.array(pairs, np.int64).reshape(-1, 2).T
    edges = Edges(account, value, np.full(100, KIND["card"], np.uint8))
    told = population(edges=edges, proven=np.zeros(10, bool))
    found = told.used.of(np.array(sorted(some), np.int64))
    walked = [pair for one in sorted(some) for pair in pairs if pair[0] == one]
    pairs_found = zip(found.account.tolist(), found.value.tolist(), strict=True)
    assert sorted(pairs_found) == sorted(walked)


def test_a_ring_is_not_the_measure_of_itself() -> None:
    """However many of its members have come to be established."""
    score = np.linspace(0.0, 0.5, HONEST + RING)
    score[MEMBERS] = 0.9
    settled = np.ones(HONEST + RING, bool)
    settled[MEMBERS[-5:]] = False
    assert trait("conduct", score=score, proven=settled) == trait("conduct", score=score) > 1


@given(st.lists(st.integers(0, 9), min_size=50, max_size=50), st.sets(st.integers(0, 49)))
def test_conduct_is_a_rank_among_the_others(scores: list[int], ring: set[int]) -> None:
    """Of the established accounts that are not of the ring: as counted one by one."""
    told = population(
        score=np.resize(scores, HONEST + RING).astype(float), proven=np.ones(HONEST + RING, bool)
    )
    others = np.delete(told.score, sorted(ring))
    found = told.conduct_of(np.arange(50), np.array(sorted(ring), np.int64))
    for account in range(50):
        rank = ((others < told.score[account]).sum() + 0.5) / (len(others) + 1)
        assert found[account] == pytest.approx(np.clip(ndtri(rank), -3, 3))


@pytest.mark.parametrize(
    ("part", "inside", "own"),
    [(0.0, 50, True), (0.0, 49, False), (0.5, 75, True), (0.5, 74, False), (1.0, 99, False)],
)
def test_what_everybody_uses_is_no_large_groups_own(part: float, inside: int, own: bool) -> None:
    """Half of the users are not enough for a group that is half of the accounts."""
    assert is_own(np.array([inside]), np.array([100]), part, 0.5).tolist() == [own]


@pytest.mark.parametrize(
    ("part", "users", "own"), [(0.6, 4, False), (0.6, 20, True), (0.1, 4, True)]
)
def test_what_few_use_is_no_large_groups_own(part: float, users: int, own: bool) -> None:
    """All four who know a value are of a ring that is most of the accounts: one time in eight."""
    assert is_own(np.array([users]), np.array([users]), part, 0.8).tolist() == [own]


@pytest.mark.parametrize(("others", "tied"), [(10, 2), (40, 0)])
def test_most_of_a_population_is_tied_by_what_others_seldom_use(others: int, tied: int) -> None:
    """A ring of 160 of 220 accounts, whose network and client some others have too: at 40 of
    60 these are popular things, though four in five of who has them are members."""
    ring = np.arange(60, HONEST + RING)
    own = np.arange(HONEST + RING)
    own[60 - others :] = 0
    shown = {"asn": own, "tls_fingerprint": own}
    told = population(shown, proven=np.arange(HONEST + RING) < 60)
    assert ties(told, ring).families.tolist() == [tied] * len(ring)


@pytest.mark.parametrize("values", [4, 5])
def test_who_shows_little_of_what_a_ring_shares_is_not_tied(values: int) -> None:
    """A large ring has so many values that somebody honest comes across some: the middle member
    shows twenty of them, who shows less than a quarter as much is not tied by these."""
    shown = {20 * member + n for member in range(RING) for n in range(20)}
    account, value = np.divmod(np.array(sorted(shown)), 20)
    last = (account == RING - 1) & (value >= values)  # values of its own in place of the ring's
    value[last] += 1_000 + value[last]
    others = np.repeat(np.arange(HONEST), 2)  # each of these is shared by two
    one, other = np.append(account + HONEST, others), np.append(value, 5_000 + others // 2)
    # Somebody honest has those, too: what nobody shares does not count.
    one = np.append(one, np.zeros(last.sum(), np.int64))
    other = np.append(other, value[last])
    kinds = np.full(10_000, KIND["template"], np.uint8)
    told = population(edges=Edges(one, other, kinds))
    tied, possible = ties(told, MEMBERS)
    assert tied[:-1].tolist() == [1] * (RING - 1)
    assert (tied[-1], possible[-1]) == (values >= 5, values >= 5)
    assert set(likely(told, MEMBERS)) == set(MEMBERS if values >= 5 else MEMBERS[:-1])
