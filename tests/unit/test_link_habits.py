"""Habits: with what an established account vouches for others."""

from collections.abc import Iterator

import pytest

from stream.link.habits import HABIT_MS, MET_MS
from stream.link.ledger import Ledger
from stream.link.linker import Linker
from stream.link.touches import Touch, Value
from tests.unit.gates import HOUR, NOW
from tests.unit.touched import CERTAIN, honest, hours, touch, value

OLD, NEW = value("template", 1), value("template", 2)
LATER = NOW + MET_MS + 1
SHARED = value("template", 7), value("device", 7)
MEMBERS = 12


def _vouches(*shown: tuple[int, Value]) -> dict[Value, bool]:
    """Whether an account that shows each value at a time may vouch for it."""
    ledger = Ledger()
    for ts, one in shown:
        ledger.fold(touch("a", ts, one))
    values = map(ledger.value, ledger.uses().edges.value.tolist())
    return dict(zip(values, ledger.uses().vouching.tolist(), strict=True))


def test_what_an_account_is_met_with_is_a_habit() -> None:
    """All that it shows on its first day: nobody knows since when."""
    assert _vouches((NOW, OLD), (NOW + MET_MS, NEW)) == {OLD: True, NEW: True}


def test_what_it_takes_up_later_is_news() -> None:
    """However often it shows it since, until it has kept to it for two weeks."""
    news = [(NOW, OLD), (LATER, NEW), (LATER + HABIT_MS - 1, NEW)]
    assert _vouches(*news) == {OLD: True, NEW: False}
    assert _vouches(*news, (LATER + HABIT_MS, OLD)) == {OLD: True, NEW: True}


@pytest.mark.parametrize("update", ["user_agent", "tls_fingerprint", "system_prompt", "card"])
def test_an_update_is_vouched_for(update: str) -> None:
    """All users of a program take up its next version; they stay where they are."""
    home, before, after = value("asn", 1), value(update, 1), value(update, 2)
    assert _vouches((NOW, home), (NOW, before), (LATER, after))[after]


@pytest.mark.parametrize("place", ["asn", "subnet"])
def test_who_moved_vouches_with_no_news_at_all(place: str) -> None:
    """Elsewhere and with another client: whoever that is has yet to show who it is."""
    known = [(NOW, value(kind, 1)) for kind in (place, "user_agent", "card")]
    news = [(LATER, value(kind, 2)) for kind in (place, "user_agent", "card")]
    told = _vouches(*known, *news)
    assert [told[one] for _, one in known] == [True] * 3
    assert [told[one] for _, one in news] == [False] * 3


def test_another_address_of_the_same_system_is_no_other_place() -> None:
    """Lines and carriers give a new one every day."""
    home = [(NOW, value("asn", 1)), (NOW, value("subnet", 1))]
    agent = value("user_agent", 2)
    assert _vouches(*home, (LATER, value("subnet", 2)), (LATER, agent))[agent]


def _old_accounts(ts: int, *shown: Value) -> Iterator[Touch]:
    for number in range(MEMBERS):
        yield touch(f"o{number:03}", ts + number, *shown, established=True)


def _campaigns(*touches: Touch) -> list[int]:
    """The sizes of the campaigns among them."""
    linker = Linker(CERTAIN, 0.5)
    for one in (*honest(60), *touches, *hours(3, touches[-1].ts + HOUR)):
        linker.fold(one)
    return [campaign.size for campaign in linker.register.open.values()]


def test_old_accounts_are_no_witnesses_of_what_they_were_made_to_do() -> None:
    """Stolen ones: each is established, and vouched for what all of them took up."""
    home = value("asn", 1), value("user_agent", 1)
    away = value("asn", 2), value("user_agent", 2)
    before = _old_accounts(NOW, *home)
    assert _campaigns(*before, *_old_accounts(NOW + 2 * MET_MS, *away, *SHARED)) == [MEMBERS]


def test_old_accounts_vouch_for_what_they_have_long_used() -> None:
    """A tool that is popular among them ties nobody."""
    assert _campaigns(*_old_accounts(NOW, *SHARED), *_old_accounts(NOW + 2 * MET_MS, *SHARED)) == []
