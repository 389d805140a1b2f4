"""Leaving: a linker that runs on holds those who were seen in 30 days, as one that starts again."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.decisions import Action
from schemas.features import CONDUCT_NAMES
from stream.link.ledger import LIFE_MS, STALE, Ledger
from stream.link.linker import Linker
from stream.link.membership import unseal
from stream.link.surprise import Floats, Ints
from stream.link.touches import Touch
from stream.store import MemoryStore
from tests.unit.gates import DAY, HOUR, NOW
from tests.unit.touched import CERTAIN, Ear, honest, hours, numbered, office, ring, touch, value

# What the last touch alone says; the others of an account depend on all that are held.
LAST = ("partition", "last", "begun", "score", "peak", "requests", "tokens", "tier", "established")
_MOVE = st.tuples(st.integers(0, 30), st.integers(0, 12), st.integers(0, LIFE_MS // 12))


def _told(ledger: Ledger) -> dict[str, Any]:
    """What a ledger says of each account that it saw in 30 days."""
    uses = dict[int, set[Any]]()
    edges = ledger.uses().edges
    for account, number in zip(edges.account.tolist(), edges.value.tolist(), strict=True):
        uses.setdefault(account, set()).add(ledger.value(number))
    told = {}
    for account in np.flatnonzero(ledger.seen).tolist():
        columns = ledger.columns[account]
        texts = ledger.event_id[account], ledger.model[account], columns["row"].tobytes()
        last = *(columns[name] for name in LAST), *texts
        told[ledger.name[account]] = last, uses.get(account, set())
        held = {ledger.value(number) for number in ledger.values_of(account)}
        assert held >= uses.get(account, set())
    return told


@given(st.lists(_MOVE, max_size=80), st.integers(0, LIFE_MS // 6))
def test_what_is_held_is_what_thirty_days_say(moves: list[tuple[int, ...]], late: int) -> None:
    """Of who was seen: what the last touch told, and every value used; touches may come late."""
    now, touches = NOW, list[Touch]()
    for at, (account, shown, later) in enumerate(moves):
        now += later
        ts = now - late * (shown % 3 == 0)
        told: dict[str, Any] = {"score": at / 100, "requests": at, "established": at % 2 == 0}
        told |= {"event_id": f"e{at}", "model": f"m{at}"}
        touches.append(touch(f"a{account}", ts, value("subnet", shown), **told))
    ran, fresh = Ledger(), Ledger()
    for one in touches:
        ran.fold(one)
        ran.forget()
        assert ran.number == {name: number for number, name in enumerate(ran.name)}
        assert len(ran.columns) - ran.seen.sum() <= STALE * len(ran.columns)
    for one in touches:
        if one.ts >= ran.clock - LIFE_MS:
            fresh.fold(one)
    assert _told(ran) == _told(fresh)


def test_a_stream_of_new_accounts_takes_no_more_room() -> None:
    """Numbers of accounts and values stay below what 30 days bring, and a little."""
    linker, daily = Linker(CERTAIN, 0.5), 8
    most_accounts, most_values = 0, 0
    for day in range(100):
        for number in range(daily):
            own = value("card", day * daily + number), value("subnet", day)
            linker.fold(touch(f"d{day}a{number}", NOW + day * DAY + number, *own))
        most_accounts = max(most_accounts, len(linker.ledger.columns))
        most_values = max(most_values, linker.ledger.values)
    window = daily * 31
    assert window <= most_accounts <= window / (1 - STALE) + daily
    # A value's number is given away two days after the last use was dropped.
    assert most_values <= (daily + 1) * 35 / (1 - STALE)
    assert len(linker.ledger.number) == len(linker.ledger.name) <= most_accounts


def strangers() -> list[Touch]:
    """Accounts that were last seen when they are 30 days away five hours from now."""
    return [touch(f"x{n:02}", NOW - LIFE_MS + 5 * HOUR + n) for n in range(40)]


def story() -> list[Touch]:
    """A ring that is found and answered; five hours on it grows, and others come."""
    return [
        *honest(60),
        *ring(12, NOW + HOUR),
        *hours(6, NOW + 3 * HOUR),
        *ring(20, NOW + 9 * HOUR),
        *ring(8, NOW + 10 * HOUR, "s"),
        *hours(20, NOW + 11 * HOUR),
    ]


@pytest.mark.parametrize("recalled", [0, 105, 118])
async def test_numbers_that_change_change_nothing_that_is_told(recalled: int) -> None:
    """Others leave amid a campaign, and every member gets another number: it is as if they had
    never been. So it is after a restart in the midst of it."""
    alone, heard, bare, store = Ear(), Ear(), MemoryStore(), MemoryStore()
    begun = [*strangers(), *story()]
    first = office(heard, store)
    await first.take(numbered(begun[:recalled]))
    second = office(heard, store)
    second.recall(numbered(begun[:recalled]))
    await second.take(numbered(begun[recalled:], recalled))
    await office(alone, bare).take(numbered(story()))
    assert not {"x00", "x39"} & second.linker.ledger.number.keys()
    assert len(alone.decisions) > 20
    assert heard.decisions == alone.decisions
    assert heard.records == alone.records
    assert store.notices.keys() == bare.notices.keys()


def _parting() -> Iterator[Touch]:
    """A ring of twelve, of which six act on, for 31 days, among people who stay."""
    yield from [*honest(60), *ring(12, NOW + HOUR), *hours(6, NOW + 3 * HOUR)]
    for day in (*range(5, 30, 5), 30, 31):
        yield from honest(60, NOW + day * DAY)
        yield from ring(6, NOW + day * DAY + HOUR)
        yield from hours(4, NOW + day * DAY + 3 * HOUR)


GONE = {f"r{n:03}" for n in range(6, 12)}


async def test_members_that_are_gone_are_not_counted_and_hear_nothing() -> None:
    """What they were answered lapses by itself; the campaign goes on with the others."""
    ear, store = Ear(), MemoryStore()
    one = office(ear, store)
    await one.take(numbered(list(_parting())))
    ledger, register = one.linker.ledger, one.linker.register
    [campaign] = register.open.values()
    assert {ledger.name[a] for a in campaign.members} == {f"r{n:03}" for n in range(6)}
    assert {ledger.name[a] for a in campaign.named} == {f"r{n:03}" for n in range(6)}
    assert {register.campaign_of[a] for a in campaign.members} == {campaign}
    assert (ear.records[-1].status, ear.records[-1].accounts) == ("open", 6)
    said = [d for d in ear.decisions if d.account_id in GONE]
    assert {d.action for d in said} == {Action.STEP_UP}
    assert max(d.ts for d in said) < NOW + DAY
    floor = unseal(store.memberships["r006"])
    assert floor is not None
    assert floor.standing.action is Action.STEP_UP
    assert not GONE & (one._answers._told.keys() | one._orders._known)


async def test_who_comes_again_is_answered_anew() -> None:
    """As whoever shows what is the campaign's own, at once."""
    ear = Ear()
    one, touches = office(ear), list(_parting())
    await one.take(numbered(touches))
    ear.decisions.clear()
    own = next(ring(1)).values
    await one.take([(len(touches), touch("r006", NOW + 32 * DAY, *own))])
    assert [d.account_id for d in ear.decisions] == ["r006"]


def test_who_was_not_seen_for_long_is_found_by_nothing_it_did() -> None:
    """Also while it waits for others to leave: how it acted is as old as what it used."""
    found: list[set[str]] = []
    linker = Linker(CERTAIN, 0.5, witness=lambda ring, _: found.append(_names(ring)))

    def _names(ring: Ints) -> set[str]:
        return {linker.ledger.name[account] for account in ring.tolist()}

    def acting(name: str, ts: int, row: Floats) -> Touch:
        features = dict(zip(CONDUCT_NAMES, row.tolist(), strict=True))
        return touch(name, ts, features=features, established=name[0] == "h")

    alike = {f"r{number}": np.full(len(CONDUCT_NAMES), 2.0) for number in range(9)}
    rows = np.random.default_rng(1).random((200, len(CONDUCT_NAMES)))
    people = {f"h{number}": row for number, row in enumerate(rows)}
    for name, row in (alike | people).items():
        linker.fold(acting(name, NOW, row))
    for name, row in people.items():
        linker.fold(acting(name, NOW + DAY, row))
    assert alike.keys() <= found[-1]
    found.clear()
    assert linker.fold(acting("h0", NOW + LIFE_MS + HOUR, rows[0])).searched
    assert alike.keys() <= linker.ledger.number.keys()
    assert not alike.keys() & set().union(*found)
