"""The ledger: what accounts showed, each use once, what is old forgotten."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.link.ledger import LIFE_MS, Leaving, Ledger
from stream.link.touches import Value
from stream.link.uses import MOST_VALUES
from stream.link.values import REUSED_MS
from tests.unit.gates import HOUR, NOW
from tests.unit.touched import touch, value


def test_the_latest_touch_holds() -> None:
    """Score, totals, event and model are those of the last one in time."""
    ledger = Ledger()
    ledger.fold(touch("a", NOW, score=0.2, requests=1, model="old"))
    one = ledger.fold(touch("a", NOW + 5, score=0.1, requests=2, model="new", established=True))
    columns = ledger.columns[one]
    assert (columns["score"], columns["requests"], columns["established"]) == (0.1, 2, True)
    assert (ledger.model[one], ledger.event_id[one]) == ("new", f"a@{NOW + 5}")
    assert (columns["first"], columns["last"]) == (NOW, NOW + 5)


def test_an_older_touch_adds_only_its_values() -> None:
    """Partitions are read side by side: a touch may come late."""
    ledger = Ledger()
    ledger.fold(touch("a", NOW, value("card", 1), score=0.2))
    one = ledger.fold(touch("a", NOW - 5, value("card", 2), score=0.9, requests=1))
    assert (ledger.columns[one]["score"], ledger.columns[one]["requests"]) == (0.2, 10)
    assert {ledger.value(number) for number in ledger.values_of(one)} == {
        value("card", 1),
        value("card", 2),
    }
    assert ledger.clock == NOW


def test_a_use_counts_once() -> None:
    """However often an account shows a value."""
    ledger = Ledger()
    for at in range(3):
        ledger.fold(touch("a", NOW + at, value("card", 1)))
    ledger.fold(touch("b", NOW, value("card", 1)))
    edges = ledger.uses().edges
    assert edges.account.tolist() == [0, 1]
    assert edges.value.tolist() == [0, 0]


def test_the_same_hash_of_two_kinds_is_two_values() -> None:
    """A card is no device, whatever their hashes."""
    ledger = Ledger()
    ledger.fold(touch("a", NOW, value("card", 1), value("device", 1)))
    assert ledger.values == 2
    assert ledger.number_of(value("card", 1)) != ledger.number_of(value("device", 1))
    assert ledger.number_of(value("subnet", 1)) is None


def test_an_account_keeps_the_newest_values_of_a_kind() -> None:
    """What it shows now counts, however much it showed before; other kinds are not touched."""
    ledger = Ledger()
    for number in range(MOST_VALUES + 10):
        ledger.fold(touch("a", NOW + number, value("subnet", number), value("card", 1)))
    held = [ledger.value(number) for number in ledger.values_of(0)]
    newest = [value("subnet", number) for number in range(10, MOST_VALUES + 10)]
    assert sorted(held) == sorted([value("card", 1), *newest])
    assert len(ledger.uses().edges.account) == len(held)


def test_a_value_that_nobody_uses_gives_its_number_away() -> None:
    """After a time, so that values take no more room than uses; whoever has it again is told
    apart from who has the other."""
    ledger = Ledger()
    for number in range(MOST_VALUES + 1):
        ledger.fold(touch("a", NOW, value("subnet", number)))
    ledger.fold(touch("b", NOW + REUSED_MS + 1))
    ledger.fold(touch("b", NOW + REUSED_MS + 1, value("card", 7)))
    assert ledger.values == MOST_VALUES + 1
    assert ledger.number_of(value("card", 7)) == 0
    assert ledger.number_of(value("subnet", 0)) is None
    ledger.fold(touch("b", NOW + REUSED_MS + 2, value("subnet", 0)))
    assert ledger.number_of(value("subnet", 0)) == MOST_VALUES + 1


def test_a_value_that_is_used_again_keeps_its_number() -> None:
    """However long nobody used it before."""
    ledger = Ledger()
    for number in (*range(MOST_VALUES + 1), 0):
        ledger.fold(touch("a", NOW, value("subnet", number)))
    ledger.fold(touch("b", NOW + REUSED_MS + 1))
    ledger.fold(touch("b", NOW + REUSED_MS + 1, value("card", 7)))
    assert ledger.number_of(value("subnet", 0)) == 0
    assert ledger.number_of(value("card", 7)) == 1


def _moves(values: int, later: int) -> st.SearchStrategy[list[tuple[int, int, int]]]:
    one = st.tuples(st.integers(0, 3), st.integers(0, values), st.integers(0, later))
    return st.lists(one, max_size=120)


# Many values within their life, or few that outlive it: what is forgotten makes room a bit later.
@given(_moves(MOST_VALUES + 12, LIFE_MS // 120) | _moves(MOST_VALUES - 1, LIFE_MS // 10))
def test_who_used_what_is_what_a_walk_says(moves: list[tuple[int, int, int]]) -> None:
    """Through forgetting, making room and giving numbers away, by the values themselves."""
    ledger, held, now = Ledger(), dict[str, dict[Value, int]](), NOW
    for account, shown, later in moves:
        now += later
        name, one = f"a{account}", value("subnet", shown)
        ledger.fold(touch(name, now, one))
        ledger.forget()
        own = held.setdefault(name, {})
        own[one] = now
        if len(own) > MOST_VALUES:
            del own[next(iter(own))]
        oldest = now - LIFE_MS
        held = {a: {v: t for v, t in uses.items() if t >= oldest} for a, uses in held.items()}
    edges = ledger.uses().edges
    pairs = zip(edges.account.tolist(), edges.value.tolist(), strict=True)
    found = sorted((ledger.name[account], ledger.value(number)) for account, number in pairs)
    assert found == sorted((a, v) for a, uses in held.items() for v in uses)


def test_what_is_old_is_forgotten() -> None:
    """A use that was not seen for 30 days; one that was seen again stays."""
    ledger = Ledger()
    ledger.fold(touch("a", NOW, value("card", 1), value("card", 2)))
    ledger.fold(touch("b", NOW, value("card", 1)))
    ledger.fold(touch("a", NOW + HOUR, value("card", 2)))
    ledger.fold(touch("c", NOW + LIFE_MS + 1))
    ledger.forget()
    edges = ledger.uses().edges
    assert list(zip(edges.account.tolist(), edges.value.tolist(), strict=True)) == [(0, 1)]
    assert ledger.values_of(0) == [1]
    assert ledger.values_of(1) == []


def test_what_was_forgotten_can_come_again() -> None:
    """A forgotten use makes room, and counts again when it is seen."""
    ledger = Ledger()
    for number in range(MOST_VALUES):
        ledger.fold(touch("a", NOW, value("subnet", number)))
    ledger.fold(touch("a", NOW + LIFE_MS + 1))
    ledger.forget()
    ledger.fold(touch("a", NOW + LIFE_MS + 2, value("subnet", 3), value("subnet", 999)))
    assert [ledger.value(number)[1] for number in ledger.values_of(0)] == [3, 999]


@pytest.mark.parametrize("accounts", [1, 1_024, 1_025, 3_000])
def test_it_grows(accounts: int) -> None:
    """Columns have a row for each account, and keep what they held."""
    ledger = Ledger()
    for number in range(accounts):
        ledger.fold(touch(f"a{number}", NOW, value("card", number), requests=number))
    assert np.array_equal(ledger.columns["requests"], np.arange(accounts))
    assert np.array_equal(ledger.uses().edges.account, np.arange(accounts))


def test_sign_up_is_the_first_touch_where_it_is_not_known() -> None:
    """And the facts' own time as soon as they tell it."""
    ledger = Ledger()
    one = ledger.fold(touch("a", NOW, begun=0))
    assert ledger.columns[one]["begun"] == NOW
    ledger.fold(touch("a", NOW + 1, begun=NOW - HOUR))
    assert ledger.columns[one]["begun"] == NOW - HOUR


def test_an_erased_account_leaves_nothing() -> None:
    """Neither name nor uses, and its number is another's; its name may come anew."""
    ledger = Ledger()
    for name in ("a", "b"):
        ledger.fold(touch(name, NOW, value("card", 1)))
    assert ledger.erase("a") == 0
    assert ledger.erase("a") is None
    assert ledger.columns[0] == np.zeros((), ledger.columns.dtype)
    leaving = ledger.forget()
    assert leaving == Leaving([], {1: 0})
    assert ledger.uses().edges.account.tolist() == [0]
    assert (ledger.name, ledger.number, ledger.values_of(0)) == (["b"], {"b": 0}, [0])
    assert ledger.fold(touch("a", NOW + 1)) == 1


def test_who_is_not_seen_for_long_leaves() -> None:
    """After 30 days; who stays keeps order and uses under another number, and who comes again is
    new."""
    ledger = Ledger()
    for name, at in (("a", 0), ("b", 1), ("c", 2), ("a", 3)):
        ledger.fold(touch(name, NOW + at, value("card", 1), requests=at, country="FR"))
    ledger.fold(touch("d", NOW + LIFE_MS + 2))
    assert ledger.forget() == Leaving(["b"], {0: 0, 2: 1, 3: 2})
    assert ledger.name == ["a", "c", "d"]
    assert ledger.columns["requests"].tolist() == [3, 2, 10]
    assert [ledger.event_id[n] for n in range(2)] == [f"a@{NOW + 3}", f"c@{NOW + 2}"]
    assert ledger.uses().edges.account.tolist() == [0, 1]
    assert ledger.forget() is None
    again = ledger.fold(touch("b", NOW + LIFE_MS + 2, value("card", 1)))
    assert (again, ledger.columns[again]["first"]) == (3, NOW + LIFE_MS + 2)


def test_a_few_who_are_not_seen_wait_for_more() -> None:
    """One in twenty may wait: letting go takes as long as noting all the others anew."""
    ledger = Ledger()
    for number in range(20):
        ledger.fold(touch(f"a{number}", NOW + (number > 0) + (number > 1)))
    ledger.fold(touch("a19", NOW + LIFE_MS + 1))
    assert ledger.forget() is None
    assert ledger.seen.sum() == 19
    ledger.fold(touch("a19", NOW + LIFE_MS + 2))
    assert ledger.forget() == Leaving(["a0", "a1"], {n: n - 2 for n in range(2, 20)})
