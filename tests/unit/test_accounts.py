"""A chunk of account events on its way into profiles."""

import json
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kyc.known import Proof, proofs
from schemas.errors import ConfigurationError, StoreError
from stream.broker.chunk import Chunk
from stream.broker.sinks import EmitError
from stream.broker.tombstones import Erased
from stream.decode.columns import MAX_AHEAD_MS
from stream.know.census import MemoryCensus
from stream.know.departed import Departed
from stream.know.profiles import HEADER, Position, know, seal, unseal
from stream.metrics import Metrics
from stream.store import Entry, Kind, MemoryStore
from tests.unit.gates import DAY, NOW, ListSink, Raw, Told, chunk, court, gate, registry, request


def told(
    offset: int, kind: str = "account.created", account: str = "ada", ts: int = NOW, **fields: Any
) -> Raw:
    """An account event as a record."""
    event = {"event_id": f"a{offset}", "account_id": account, "ts": ts, "type": kind, **fields}
    return Raw(offset, account.encode(), json.dumps(event).encode())


def news(*records: Raw, highwater: int = 1_000_000) -> Chunk:
    """Records of the accounts topic as one chunk."""
    return Chunk("sluicegate.accounts", 0, records, highwater)


LIFE = [
    told(0, email="ada@x.org"),
    told(1, "email.verified", email="ada@x.org", ts=NOW + 1),
    told(2, "payment_method.added", fingerprint="c", ts=NOW + 2),
    told(3, "created.nothing"),
    told(4, "payment.succeeded", ts=NOW + 3),
    told(5, account="bo", ts=NOW + 4),
    told(6, "payment_method.removed", fingerprint="c", ts=NOW + 5),
]


async def test_events_become_a_profile() -> None:
    """One for each account."""
    store = MemoryStore()
    await registry(ListSink(), store).handle(news(*LIFE))
    assert store.profiles.keys() == {"ada", "bo"}
    assert proofs(unseal(store.profiles["ada"])) == Proof.EMAIL | Proof.PAID


@given(st.lists(st.integers(1, 6), max_size=4), st.integers(0, 6))
@settings(deadline=None)
async def test_batches_and_repeats_do_not_matter(cuts: list[int], again: int) -> None:
    """However the events are cut, and from wherever they come again after a crash."""
    whole, cut = MemoryStore(), MemoryStore()
    await registry(ListSink(), whole).handle(news(*LIFE))
    bounds = [0, *sorted(set(cuts)), len(LIFE)]
    for first, last in pairwise(bounds):
        await registry(ListSink(), cut).handle(news(*LIFE[first:last]))
    await registry(ListSink(), cut).handle(news(*LIFE[again:]))
    assert cut.profiles == whole.profiles


async def test_a_document_establishes_one_account() -> None:
    """Who shows it next within 90 days is no witness by it, nor after later events and repeats."""
    store, shown = MemoryStore(), {"vendor": "v", "result": "pass", "document_hash": "d"}
    life = [
        told(0, "identity.checked", **shown),
        told(1, "identity.checked", account="bo", ts=NOW + 1, **shown),
        told(2, "login.failed", account="bo", ts=NOW + 2),
    ]
    for _ in range(2):
        await registry(ListSink(), store).handle(news(*life))
    known = know([store.profiles["ada"], store.profiles["bo"]])
    both = np.arange(2)
    assert known.established(both, both * 0 + NOW + 3).tolist() == [True, False]


async def test_a_repeated_chunk_counts_nothing() -> None:
    """Each event counts once."""
    metrics, store = Metrics(), MemoryStore()
    for _ in range(2):
        await registry(ListSink(), store, metrics=metrics).handle(news(*LIFE))
    value = metrics.registry.get_sample_value
    found = {o: value("sluicegate_account_events_total", {"outcome": o}) for o in ("counted",)}
    assert found == {"counted": 6}
    assert value("sluicegate_account_events_total", {"outcome": "replayed"}) == 6


@pytest.mark.parametrize(
    ("record", "error"),
    [
        (told(0, "no.such.type"), "type"),
        (Raw(0, b"ada", None), "empty"),
        (Raw(0, b"bo", told(0).value), "key"),
        (told(0, "phone.verified", phone="12"), "phone"),
    ],
)
async def test_what_cannot_be_read_becomes_a_dead_letter(record: Raw, error: str) -> None:
    """The events around it count."""
    sink, store = ListSink(), MemoryStore()
    await registry(sink, store).handle(news(record, told(1, account="cy")))
    assert [letter.error.split(":")[0] for letter in sink.letters if error in letter.error]
    assert store.profiles.keys() == {"cy"}


PERSONAL = {
    "email": "ada@x.org",
    "name": "Ada Lovelace",
    "phone": "4155550123",
    "fingerprint": "card-of-ada",
    "document_hash": "passport-of-ada",
    "owners": [{"name": "Ada King"}],
    "country": "Ada lives here",
}


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (json.dumps({"account_id": "ada", "type": "no.such", **PERSONAL}), ["account_id", "type"]),
        (json.dumps({"event_id": PERSONAL, "account_id": "ada", "ts": [PERSONAL]}), ["account_id"]),
        (json.dumps({"account_id": "ada", **PERSONAL})[:-1], None),
        (json.dumps([PERSONAL]), None),
    ],
)
async def test_a_dead_letter_holds_nothing_personal(body: str, shown: list[str] | None) -> None:
    """Where it parses, which event it was; where it does not, nothing."""
    sink = ListSink()
    await registry(sink).handle(news(Raw(0, b"ada", body.encode())))
    (letter,) = sink.letters
    payload = b64decode(letter.payload).decode()
    assert [
        v for v in PERSONAL.values() if isinstance(v, str) and v in payload + letter.error
    ] == []
    assert (list(json.loads(payload)) if payload else None) == shown


async def test_letters_are_out_before_anything_is_written() -> None:
    """A sink that fails leaves the store untouched."""
    store = MemoryStore()
    with pytest.raises(EmitError):
        await registry(ListSink(fails=EmitError("no")), store).handle(news(*LIFE))
    assert store == MemoryStore()


async def test_a_time_ahead_of_the_broker_is_the_brokers() -> None:
    """Else one wrong clock would make an account for ever unborn."""
    ahead = told(0, ts=NOW + MAX_AHEAD_MS + 1)._replace(timestamp=NOW)
    store = MemoryStore()
    await registry(ListSink(), store).handle(news(ahead))
    assert know([store.profiles["ada"]]).begun.tolist() == [NOW]


async def test_a_topic_made_anew_is_refused() -> None:
    """Its offsets begin again, and every event would count as known."""
    store = MemoryStore()
    await registry(ListSink(), store).handle(news(told(500)))
    with pytest.raises(ConfigurationError, match="SLUICEGATE_STREAM_EPOCH"):
        await registry(ListSink(), store).handle(news(told(0), highwater=1))
    await registry(ListSink(), store, epoch=1).handle(news(told(0), highwater=1))


async def test_an_older_profile_is_refused_and_counted() -> None:
    """Another worker has gone further."""
    metrics, store = Metrics(), MemoryStore()

    class Overtaken(MemoryStore):
        async def write(self, entries: Any, kind: Any = None) -> int:  # noqa: ARG002
            return len(entries)

    await registry(ListSink(), Overtaken(), metrics=metrics).handle(news(*LIFE))
    assert metrics.fenced._value.get() == 1
    assert store == MemoryStore()


class Grave:
    """Takes burials."""

    def __init__(self) -> None:
        self.erased: list[Erased] = []

    async def bury(self, erased: Sequence[Erased]) -> None:
        """As Burial.bury."""
        self.erased += erased


class TestErasure:
    """`account.erased`: everything held goes."""

    ERASED = news(told(9, "account.erased"))

    async def test_state_decision_and_facts_are_gone(self) -> None:
        """In the same handling; the tombstone remains."""
        store, sink = MemoryStore(), ListSink()
        await registry(sink, store).handle(news(*LIFE))
        await gate(court(Told(0.75)), sink, store).handle(chunk(request(0)))
        assert "ada" in store.states
        assert "ada" in store.decisions
        await registry(sink, store).handle(news(told(9, "account.erased", ts=NOW + DAY)))
        assert "ada" not in store.states.keys() | store.decisions.keys()
        assert unseal(store.profiles["ada"]).erased == NOW + DAY
        assert "bo" in store.profiles

    async def test_it_is_complete_after_a_crash(self) -> None:
        """Even one between the tombstone and the rest: the chunk comes again."""

        class Broken(MemoryStore):
            async def erase(self, *_: Any) -> None:
                raise StoreError("away")

        calm = MemoryStore()
        await gate(court(Told()), ListSink(), calm).handle(chunk(request(0)))
        broken = Broken(calm.states, calm.profiles, calm.decisions)
        with pytest.raises(StoreError):
            await registry(ListSink(), broken).handle(self.ERASED)
        assert "ada" in calm.states
        await registry(ListSink(), calm).handle(self.ERASED)
        assert calm.states == {}
        assert unseal(calm.profiles["ada"]).erased == NOW

    async def test_later_requests_leave_nothing(self) -> None:
        """They are answered as from a stranger, and nothing of them is kept."""
        store, sink = MemoryStore(), ListSink()
        await registry(sink, store).handle(self.ERASED)
        await gate(court(Told(0.75)), sink, store).handle(chunk(request(0), request(1, "bo")))
        assert store.states.keys() == store.decisions.keys() == {"bo"}
        assert {decision.account_id for decision in sink.decisions} == {"ada", "bo"}

    async def test_what_was_under_way_at_the_erasure_goes_with_the_next_request(self) -> None:
        """A batch may have read the profile before the tombstone, and written after it."""
        store, sink = MemoryStore(), ListSink()
        await gate(court(Told(0.75)), sink, late := MemoryStore()).handle(chunk(request(0)))
        await registry(sink, store).handle(self.ERASED)
        store.states, store.decisions = late.states, late.decisions
        await gate(court(Told(0.75)), sink, store).handle(chunk(request(1)))
        assert store.states == store.decisions == {}

    async def test_what_was_under_way_at_the_erasure_goes_by_itself(self) -> None:
        """In one process the batch hears of it when it is done, and topics once more."""
        store, sink, grave, departed = MemoryStore(), ListSink(), Grave(), Departed()
        registering = replace(registry(sink, store), burial=grave, departed=departed)
        erased = self.ERASED

        class Slow(MemoryStore):
            async def write(self, entries: Sequence[Entry], kind: Kind = Kind.STATE) -> int:
                await registering.handle(erased)
                return await store.write(entries, kind)

            async def erase(self, accounts: Sequence[str]) -> None:
                await store.erase(accounts)

        judging = gate(court(Told(0.75)), sink, Slow(), burial=grave, departed=departed)
        await judging.handle(chunk(request(0), request(1, "bo")))
        assert store.states.keys() == store.decisions.keys() == {"bo"}
        assert grave.erased == [Erased(0, "ada"), Erased(0, "ada")]

    async def test_the_census_forgets_what_came_in_the_same_chunk(self) -> None:
        """A sign-up and its erasure may be fetched together."""
        census = MemoryCensus()
        signup = {"ip": "192.0.2.1", "device_id": "d", "email": "a@gmail.com"}
        both = news(told(0, **signup), told(1, "account.erased", ts=NOW + 1))
        await registry(ListSink(), census=census).handle(both)
        assert not any(census._claimants.values())

    async def test_later_events_bring_nothing_back(self) -> None:
        """A payment provider may report long after."""
        store = MemoryStore()
        await registry(ListSink(), store).handle(news(told(0, "account.erased")))
        await registry(ListSink(), store).handle(news(told(1, email="ada@x.org", ts=NOW + DAY)))
        profile = unseal(store.profiles["ada"])
        assert (profile.things, profile.earliest) == ({}, {})


async def test_requests_are_counted_by_what_is_known() -> None:
    """Established, unproven, unknown: the base rate of everything."""
    store, metrics = MemoryStore(), Metrics()
    await registry(ListSink(), store).handle(
        news(told(0, ts=NOW - 40 * DAY), told(1, account="bo", ts=NOW - DAY))
    )
    requests = [request(n, account) for n, account in enumerate(("ada", "ada", "bo", "cy"))]
    await gate(court(Told()), ListSink(), store, metrics=metrics).handle(chunk(*requests))
    value = metrics.registry.get_sample_value
    found = [
        value("sluicegate_requests_total", {"account": account})
        for account in ("established", "unproven", "unknown")
    ]
    assert found == [2, 1, 1]


async def test_requests_renew_a_profile_now_and_then() -> None:
    """At the first request, and once in a month of them; not of accounts without a profile."""
    renewed: list[list[str]] = []

    class Noted(MemoryStore):
        async def renew(self, accounts: Any) -> None:
            renewed.append(list(accounts))

    store = Noted()
    await registry(ListSink(), store).handle(news(told(0)))
    for offset, days in enumerate((0, 1, 29, 30, 31, 59, 60)):
        both = request(2 * offset, ts=NOW + days * DAY), request(2 * offset + 1, "bo")
        await gate(court(Told()), ListSink(), store).handle(chunk(*both))
    assert renewed == [["ada"], [], [], ["ada"], [], [], ["ada"]]


class TestBytes:
    """How a profile lies in the store."""

    def test_a_profile_of_another_layout_is_refused(self) -> None:
        """An older worker must not take it for nothing."""
        value = bytearray(seal(unseal(None), Position(0, 0), 1))
        value[HEADER.fields["version"][1]] = 9  # type: ignore[index]
        for read in (unseal, lambda v: know([v])):
            with pytest.raises(StoreError, match="layout \\[9\\]"):
                read(bytes(value))

    def test_a_broken_profile_is_an_error(self) -> None:
        """Not an unknown account."""
        with pytest.raises(StoreError, match="broken"):
            unseal(seal(unseal(None), Position(0, 0), 1) + b"\xc1")
