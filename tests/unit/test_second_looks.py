"""Second looks: a sign-up is looked at again with the account's first requests."""

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kyc.assessed import UNASSESSED
from kyc.profile import Profile
from schemas.decisions import Action
from schemas.errors import StoreError
from schemas.wire import encode_decision
from stream.agents import Gate
from stream.broker.sinks import EmitError
from stream.decode.hashing import KeyedHasher
from stream.know.accounts import Registry
from stream.know.again import LOOKS, WITHIN_MS, SecondLooks, due
from stream.know.profiles import Position, assessments, headers, know, seal, unseal
from stream.store import MemoryStore
from tests.unit.gates import (
    DAY,
    NOW,
    ListSink,
    Raw,
    Suspicious,
    Told,
    chunk,
    court,
    gate,
    registry,
    request,
)
from tests.unit.test_accounts import news, told

# Of whose mailbox another account has a spelling.
SHARED = Suspicious(value=0.8, by="email_accounts", at_least=2, weights={"email_accounts": 2.0})
FIRST = told(0, email="ada@x.org", account="ada", ts=NOW)
SECOND = told(1, email="ada+1@x.org", account="bo", ts=NOW + 5)
WEEK = 7 * DAY


class Path(NamedTuple):
    """Both ways into one store."""

    registry: Registry
    gate: Gate
    sink: ListSink
    store: MemoryStore

    def asked(self) -> list[str]:
        """What was decided, by whose event."""
        return [one.event_id for one in self.sink.decisions if one.action is Action.STEP_UP]


def path(model: Told | None = None) -> Path:
    """A registry and a gate that looks again."""
    sink, store = ListSink(), MemoryStore()
    registered = registry(sink, store, scorer=SHARED)
    looks = SecondLooks(registered.inquiry, KeyedHasher(b"pepper"))
    gates = gate(court(model or Told()), sink, store, looks=looks)
    return Path(registered, gates, sink, store)


def requests(count: int, ts: int = NOW + 10) -> list[Raw]:
    """The first requests of the account that came first."""
    return [request(n, ts=ts + n) for n in range(count)]


async def test_whoever_came_first_is_asked_with_a_request() -> None:
    """Once somebody shares with it: the decision, what stands, and what the profile keeps."""
    one = path()
    await one.registry.handle(news(FIRST, SECOND))
    await one.gate.handle(chunk(request(0, ts=NOW + 10)))
    *_, decision = one.sink.decisions
    assert (decision.account_id, decision.event_id, decision.ts) == ("ada", "e0", NOW + 10)
    assert (decision.cause, decision.action) == ("account_event", Action.STEP_UP)
    assert decision.requirements == ["verify_phone"]
    assert one.store.decisions["ada"] == encode_decision(decision)
    [kept] = assessments(headers([one.store.profiles["ada"]]))
    assert (kept.asking.at(NOW + 10), kept.asked_until) == ("verify_phone", NOW + 10 + WEEK)
    assert kept.peak == 800_001


async def test_nobody_is_asked_who_shares_nothing() -> None:
    """Of their own accord requests tell nothing of who somebody is."""
    one = path()
    await one.registry.handle(news(FIRST))
    before = one.store.profiles["ada"]
    await one.gate.handle(chunk(*requests(9)))
    assert one.sink.decisions == []
    assert one.store.profiles["ada"] == before


@given(st.lists(st.integers(1, 11), max_size=4), st.integers(0, 11))
@settings(max_examples=30, deadline=None)
async def test_batches_and_repeats_do_not_matter(cuts: list[int], again: int) -> None:
    """One asking by the ninth request, by which somebody shares; the facts stay as they were."""
    one = path()
    await one.registry.handle(news(FIRST, told(1, email="ada+1@x.org", account="bo", ts=NOW + 15)))
    facts = unseal(one.store.profiles["ada"])
    made = requests(12)
    bounds = [0, *sorted(set(cuts)), len(made)]
    for first, last in pairwise(bounds):
        await one.gate.handle(chunk(*made[first:last]))
    await one.gate.handle(chunk(*made[again:]))
    assert one.asked() == ["a1", "e8"]
    assert unseal(one.store.profiles["ada"]) == facts


async def test_a_proof_ends_what_a_look_asked_for() -> None:
    """As it ends all that identity asks for."""
    one = path()
    await one.registry.handle(news(FIRST, SECOND))
    await one.gate.handle(chunk(request(0, ts=NOW + 10)))
    shown = told(2, "phone.verified", phone="+4915123456789", ts=NOW + 20)
    await one.registry.handle(news(shown))
    assert one.sink.decisions[-1].action is Action.ALLOW
    await one.gate.handle(chunk(*[request(n, ts=NOW + 20 + n) for n in range(1, 9)]))
    assert one.asked() == ["a1", "e0"]


LATER = told(1, email="ada+1@x.org", account="bo", ts=NOW + 11)


def decided(one: Path) -> list[tuple[str, Action]]:
    """What was decided about the first account, by which request."""
    return [(d.event_id, d.action) for d in one.sink.decisions if d.account_id == "ada"]


async def test_nothing_weaker_is_decided_from_then_on() -> None:
    """Before it, in the same batch, conduct decides as ever; at its end the asking stands."""
    one = path(Told(value=0.6))
    await one.registry.handle(news(FIRST, LATER))
    await one.gate.handle(chunk(*requests(4)))
    assert decided(one) == [("e0", Action.RESTRICT), ("e2", Action.STEP_UP)]
    assert one.store.decisions["ada"] == encode_decision(one.sink.decisions[-1])


@pytest.mark.parametrize("cut", [0, 1, 2, 4])
async def test_what_conduct_called_for_before_stands(cut: int) -> None:
    """Where it is as strict, in the same batch as in one before; the profile asks all the same."""
    one = path(Told(value=0.9))
    await one.registry.handle(news(FIRST, LATER))
    for some in (requests(4)[:cut], requests(4)[cut:]):
        if some:
            await one.gate.handle(chunk(*some))
    assert decided(one) == [("e0", Action.STEP_UP)]
    assert one.sink.decisions[-1].cause == "request"
    assert know([one.store.profiles["ada"]]).asked_until.tolist() == [NOW + 12 + WEEK]


@pytest.mark.parametrize("broken", [EmitError("away"), StoreError("away")])
async def test_a_crash_decides_the_same_once_more_at_most(broken: Exception) -> None:
    """Whether the broker fails, before the profile is written, or the state's write after it: what
    is asked for stands, in the profile and for the gateway, and is told."""
    one = path()
    await one.registry.handle(news(FIRST, SECOND))
    before, states = one.store.profiles["ada"], one.store.states

    class Closed(dict[str, bytes]):
        """States that cannot be written."""

        def __setitem__(self, *_: object) -> None:
            raise broken

    if isinstance(broken, EmitError):
        one.sink.fails = broken
    else:
        one.store.states = Closed()
    with pytest.raises(type(broken)):
        await one.gate.handle(chunk(request(0, ts=NOW + 10)))
    assert (one.store.profiles["ada"] == before) is isinstance(broken, EmitError)
    one.sink.fails, one.store.states = None, states
    await one.gate.handle(chunk(request(0, ts=NOW + 10)))
    assert one.asked() == ["a1", "e0"]
    assert one.store.decisions["ada"] == encode_decision(one.sink.decisions[-1])
    assert know([one.store.profiles["ada"]]).asked_until.tolist() == [NOW + 10 + WEEK]


async def test_an_event_that_the_batch_has_not_seen_stays() -> None:
    """A profile that holds more is not replaced."""
    one = path()
    await one.registry.handle(news(FIRST, SECOND))
    newer = seal(unseal(one.store.profiles["ada"]), Position(0, 0), 7)
    looks = one.registry.inquiry.census

    class Meanwhile:
        """A census that is asked while the account's next event is written."""

        async def count(self, noted: Any, *, note: bool = True) -> Any:
            one.store.profiles["ada"] = newer
            return await looks.count(noted, note=note)

    one.registry.inquiry.census = Meanwhile()  # type: ignore[assignment]  # it only counts
    await one.gate.handle(chunk(request(0, ts=NOW + 10)))
    assert one.store.profiles["ada"] == newer


@pytest.mark.parametrize(
    ("number", "age", "asked_until", "is_due"),
    [
        *((number, 0, 0, number in LOOKS) for number in range(1, 12)),
        (1, WITHIN_MS - 1, 0, True),
        (1, WITHIN_MS, 0, False),
        (1, 0, NOW + 1, False),
        (1, 0, NOW, True),
    ],
)
def test_who_is_looked_at(number: int, age: int, asked_until: int, is_due: bool) -> None:
    """Early requests of a day after the sign-up, of whom nothing is asked."""
    begun = Profile(earliest={"created": (NOW - age, 0)})
    sealed = seal(begun, Position(0, 0), 0, UNASSESSED._replace(asked_until=asked_until))
    zero = np.zeros(1, np.int64)
    assert due(np.array([number]), zero, zero + NOW, know([sealed])).tolist() == [is_due]


def test_nobody_is_looked_at_of_whom_nothing_is_told() -> None:
    """Nor the erased."""
    erased = seal(Profile(erased=NOW), Position(0, 0), 0)
    both, two = np.ones(2, np.int64), np.arange(2)
    assert not due(both, two, both * NOW, know([None, erased])).any()
