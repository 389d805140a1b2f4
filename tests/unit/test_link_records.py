"""Records of campaigns: as the contract says, whole, and only when there is news."""

from collections.abc import Iterable

import numpy as np
import pytest

from schemas.decisions import Campaign as Record
from schemas.features import FEATURE_NAMES
from stream.link.campaigns import SETTLED, Campaign
from stream.link.kinds import KINDS
from stream.link.ledger import Ledger
from stream.link.records import MOST_ADDED, MOST_LINKS, MOST_SAMPLED, is_due, records
from tests.unit.gates import HOUR, NOW
from tests.unit.touched import touch, value

CODING, CHAT = "capability_coding_share_7d", "capability_chat_share_7d"


def ledger(accounts: int) -> Ledger:
    """Accounts that share a card; every second one is in another country, on another model."""
    made = Ledger()
    for number in range(accounts):
        made.fold(
            touch(
                f"a{number:04}",
                NOW + number,
                value("card", 7),
                value("asn", 64_500),
                country=("DE", "FR")[number % 2],
                model=("one", "two")[number % 2],
                requests=number + 1,
                tokens=10,
                features={CODING: 0.75, CHAT: 0.25},
            )
        )
    return made


def campaign(members: int) -> Campaign:
    """A campaign of the first so many accounts, tied by card and ASN."""
    made = Campaign("c-1", NOW + HOUR, 0.987654321, 4.0, np.zeros(1))
    joined(made, range(members))
    made.keys = {0: members, 1: max(members - 1, 0)}
    return made


def joined(one: Campaign, accounts: Iterable[int]) -> None:
    """Accounts that several searches found in the ring."""
    for _ in range(SETTLED):
        one.searches += 1
        one.join(list(accounts), NOW)


def written(book: Ledger, one: Campaign) -> list[Record]:
    """Its records, each held against the contract."""
    found = list(records(book, one))
    for record in found:
        assert Record.model_validate_json(record.model_dump_json(exclude_none=True)) == record
    return found


def test_a_record_says_what_the_campaign_is() -> None:
    """Sums, times, shares, countries and ties of its members."""
    (record,) = written(ledger(30), campaign(20))
    assert (record.accounts, record.requests, record.tokens) == (20, sum(range(1, 21)), 200)
    assert (record.first_seen, record.last_seen) == (NOW, NOW + HOUR)
    assert (record.status, record.detected_at) == ("open", NOW + HOUR)
    assert record.capabilities == {"coding": 0.75, "chat": 0.25}
    assert record.models == {"one": 0.5, "two": 0.5}
    assert record.countries == {"DE": 10, "FR": 10}
    assert record.score == pytest.approx(0.987654)
    assert [(one.kind, one.value, one.accounts) for one in record.links] == [
        ("card", f"{7:016x}", 20),
        ("asn", "64500", 19),
    ]


def test_it_names_the_new_members() -> None:
    """The first record all of them, the next one those who came since."""
    book, one = ledger(30), campaign(20)
    (first,) = written(book, one)
    joined(one, range(18, 28))
    (second,) = written(book, one)
    assert first.members_added == [f"a{n:04}" for n in range(20)]
    assert second.members_added == [f"a{n:04}" for n in range(20, 28)]
    assert len(first.sample_accounts) == MOST_SAMPLED


def test_many_members_take_many_records() -> None:
    """At most a thousand each, all of them in the end; a consumer's bound holds."""
    count = 2 * MOST_ADDED + 500
    found = written(ledger(count), campaign(count))
    assert [len(record.members_added) for record in found] == [1_000, 1_000, 500]
    assert len({a for record in found for a in record.members_added}) == count
    assert {record.accounts for record in found} == {count}


def test_a_merged_campaign_is_closed_into_another() -> None:
    """Its last record says where to look."""
    one = campaign(20)
    one.closed, one.merged_into = True, "c-0"
    (record,) = written(ledger(20), one)
    assert (record.status, record.merged_into) == ("closed", "c-0")


def test_a_campaign_without_members_can_be_told_of() -> None:
    """The last one has been let go: times are those of its detection."""
    one = campaign(0)
    one.closed = True
    (record,) = written(ledger(5), one)
    assert (record.accounts, record.requests, record.first_seen) == (0, 0, NOW + HOUR)
    assert record.capabilities == {}


def test_other_members_are_news() -> None:
    """From the first when there are enough of them, then whoever comes or is let go."""
    book, one = ledger(30), campaign(20)
    assert is_due(one, 20)
    assert not is_due(one, 21)
    list(records(book, one))
    assert not is_due(one, 6)
    joined(one, range(20, 21))
    assert is_due(one, 6)
    list(records(book, one))
    del one.members[0]
    one.searches += 1
    assert is_due(one, 6)


def test_the_end_names_nobody_new() -> None:
    """Who came last is named, and answered, by the campaign that lives on."""
    book, one = ledger(30), campaign(20)
    list(records(book, one))
    joined(one, range(25))
    one.closed, one.merged_into = True, "c-0"
    (record,) = written(book, one)
    assert (record.accounts, record.members_added) == (25, [])


def test_the_end_is_news_to_those_who_heard_of_it() -> None:
    """Nobody hears of the end of what was never told."""
    book, heard, unheard = ledger(30), campaign(20), campaign(20)
    list(records(book, heard))
    heard.closed = unheard.closed = True
    assert is_due(heard, 6)
    assert not is_due(unheard, 6)


def test_links_are_bounded() -> None:
    """The strongest of very many ties."""
    book = Ledger()
    for account in range(6):
        book.fold(touch(f"a{account}", NOW, *(value("template", n) for n in range(40))))
        book.fold(touch(f"a{account}", NOW, *(value("device", n) for n in range(40))))
    one = campaign(6)
    one.keys = {number: 6 - (number >= 40) for number in range(80)}
    (record,) = written(book, one)
    assert len(record.links) == MOST_LINKS
    assert [link.accounts for link in record.links] == [6] * 40 + [5] * 10


def test_every_kind_has_a_name_in_the_contract() -> None:
    """Whatever ties a campaign can be told."""
    for number, kind in enumerate(KINDS):
        book = Ledger()
        book.fold(touch("a", NOW, (number, 5)))
        one = campaign(1)
        one.keys = {0: 1}
        (record,) = written(book, one)
        assert record.links[0].kind == kind.told


def test_shares_that_nobody_knows_are_left_out() -> None:
    """Events without capabilities make no figures."""
    book = Ledger()
    features = {name: float("nan") for name in FEATURE_NAMES if "capability" in name}
    book.fold(touch("a", NOW, value("card", 7), features=features))
    one = campaign(1)
    one.keys = {0: 1}
    (record,) = written(book, one)
    assert record.capabilities == {}
