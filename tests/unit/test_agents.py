"""A chunk's way through the gate: nothing is written that was not emitted, nothing is lost."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from structlog.testing import capture_logs

from schemas.decisions import Action
from schemas.errors import ConfigurationError, StoreError
from schemas.features import FEATURE_NAMES
from stream.broker.sinks import EmitError
from stream.decode.batch import RequestBatch
from stream.metrics import Metrics
from stream.remember.repeats import GRACE_MS
from stream.remember.windows import Sight
from stream.store import Entry, Held, Kind, MemoryStore
from tests.unit.gates import DAY, NOW, ListSink, Raw, Told, chunk, court, gate, request

SUSPICIOUS = Told(0.75)


@dataclass(slots=True)
class NotedStore(MemoryStore):
    """A store that notes its calls, together with how much the sink held by then."""

    sink: ListSink = field(default_factory=ListSink)
    calls: list[tuple[str, int]] = field(default_factory=list)

    async def load_all(self, accounts: Sequence[str]) -> Held:
        self.calls.append(("load", len(self.sink.decisions)))
        return await MemoryStore.load_all(self, accounts)

    async def write(self, entries: Sequence[Entry], kind: Kind = Kind.STATE) -> int:
        self.calls.append(("write", len(self.sink.decisions)))
        return await MemoryStore.write(self, entries, kind)


class BrokenStore(MemoryStore):
    """A store that cannot be written to."""

    async def write(self, _: Sequence[Entry], kind: Kind = Kind.STATE) -> int:  # noqa: ARG002 - the protocol's
        raise StoreError("broken")


def outcomes(metrics: Metrics) -> dict[str, float]:
    """Events by outcome, without those that did not come up."""
    samples = next(iter(metrics.events.collect())).samples
    return {s.labels["outcome"]: s.value for s in samples if s.value and s.name.endswith("_total")}


async def test_decisions_are_out_before_the_state_is_written() -> None:
    """One load, then the sink, then one write."""
    sink = ListSink()
    store = NotedStore(sink=sink)
    await gate(court(SUSPICIOUS), sink, store).handle(chunk(request(0), request(1, "bo")))
    assert store.calls == [("load", 0), ("write", 2)]


async def test_a_sink_that_fails_leaves_the_store_untouched() -> None:
    """The chunk is not done, and its repetition starts from the same state."""
    store = MemoryStore()
    broken = gate(court(SUSPICIOUS), ListSink(fails=EmitError("no answer")), store)
    with pytest.raises(EmitError):
        await broken.handle(chunk(request(0)))
    assert store == MemoryStore()


async def test_a_store_that_fails_is_told() -> None:
    """The chunk is not done: whoever called must not commit it."""
    with pytest.raises(StoreError):
        await gate(court(SUSPICIOUS), ListSink(), BrokenStore()).handle(chunk(request(0)))


async def test_the_state_and_the_standing_decision_are_written() -> None:
    """Where the edge will read them."""
    store, sink = MemoryStore(), ListSink()
    await gate(court(SUSPICIOUS), sink, store).handle(chunk(request(0), request(1, "bo")))
    assert set(store.states) == set(store.decisions) == {"ada", "bo"}


async def test_a_decision_that_changes_nothing_is_not_stored() -> None:
    """With a decision for every event, the store keeps the one that stands."""
    store, sink = MemoryStore(), ListSink()
    await gate(court(Told(0.1), every=True), sink, store).handle(chunk(request(0)))
    assert len(sink.decisions) == 1
    assert store.decisions == {}


async def test_a_repeated_chunk_brings_nothing_new() -> None:
    """Its events are recognised by their offsets, in part or as a whole."""
    store, sink, metrics = MemoryStore(), ListSink(), Metrics()
    one = gate(court(SUSPICIOUS, every=True), sink, store, metrics=metrics)
    await one.handle(chunk(request(0), request(1)))
    await one.handle(chunk(request(0), request(1), request(2)))
    assert [d.event_id for d in sink.decisions] == ["e0", "e1", "e2"]
    assert outcomes(metrics) == {"counted": 3, "replayed": 2}


async def test_the_same_event_again_is_counted_once() -> None:
    """At another offset, within the grace period."""
    sink, metrics = ListSink(), Metrics()
    one = gate(court(SUSPICIOUS, every=True), sink, metrics=metrics)
    await one.handle(chunk(request(0), request(1, event_id="e0"), request(2)))
    assert [d.event_id for d in sink.decisions] == ["e0", "e2"]
    assert outcomes(metrics) == {"counted": 2, "repeated": 1}


async def test_a_late_event_becomes_a_dead_letter() -> None:
    """It is not counted, and whoever sent it can see why."""
    sink, metrics = ListSink(), Metrics()
    late = request(1, ts=NOW - GRACE_MS - 1)
    await gate(court(SUSPICIOUS, every=True), sink, metrics=metrics).handle(
        chunk(request(0), late, partition=3)
    )
    (letter,) = sink.letters
    assert (letter.partition, letter.offset) == (3, 1)
    assert letter.error == "ts: more than 10 minutes older than the account's latest event"
    assert outcomes(metrics) == {"counted": 1, "late": 1}


async def test_an_event_within_the_grace_period_is_counted() -> None:
    """Ten minutes to the millisecond."""
    sink = ListSink()
    events = chunk(request(0), request(1, ts=NOW - GRACE_MS))
    await gate(court(SUSPICIOUS, every=True), sink).handle(events)
    assert [d.event_id for d in sink.decisions] == ["e0", "e1"]


@pytest.mark.parametrize(
    "bad",
    [
        Raw(1, b"ada", b"not JSON"),
        Raw(1, b"ada", None),
        Raw(1, b"bo", request(1).value),
        request(1, ts=-5),
    ],
    ids=["not JSON", "tombstone", "foreign key", "wrong field"],
)
async def test_a_malformed_message_harms_nothing_else(bad: Raw) -> None:
    """The rest of its chunk is decided as if it were not there."""
    spoilt, clean = ListSink(), ListSink()
    await gate(court(SUSPICIOUS), spoilt).handle(chunk(request(0), bad, request(2, "bo")))
    await gate(court(SUSPICIOUS), clean).handle(chunk(request(0), request(2, "bo")))
    assert spoilt.decisions == clean.decisions
    assert [letter.offset for letter in spoilt.letters] == [1]


async def test_a_chunk_of_nothing_but_garbage_is_done() -> None:
    """Nothing is loaded or written, everything is in the dead letters."""
    sink, store, metrics = ListSink(), MemoryStore(), Metrics()
    garbage = chunk(Raw(0, b"", b"{"), Raw(1, b"", b"}"))
    await gate(court(SUSPICIOUS), sink, store, metrics=metrics).handle(garbage)
    assert len(sink.letters) == 2
    assert store == MemoryStore()
    assert outcomes(metrics) == {"malformed": 2}


async def test_a_topic_made_anew_is_refused() -> None:
    """Its offsets begin again below what the store holds: every event would look counted."""
    store = MemoryStore()
    one = gate(court(SUSPICIOUS), ListSink(), store)
    await one.handle(chunk(request(10), highwater=11))
    with pytest.raises(ConfigurationError, match="SLUICEGATE_STREAM_EPOCH"):
        await one.handle(chunk(request(0), highwater=1))


async def test_a_raised_epoch_accepts_a_topic_made_anew() -> None:
    """The state goes on, the offsets begin again."""
    store, sink = MemoryStore(), ListSink()
    await gate(court(SUSPICIOUS), ListSink(), store).handle(chunk(request(10), highwater=11))
    renewed = gate(court(SUSPICIOUS, every=True), sink, store, epoch=1)
    await renewed.handle(chunk(request(0, ts=NOW + 1), highwater=1))
    assert [d.event_id for d in sink.decisions] == ["e0"]
    assert sink.decisions[0].reasons[0].code == "earlier_decision"


async def test_an_account_that_moves_to_another_partition_goes_on() -> None:
    """More partitions later: offsets of another partition say nothing about this one."""
    store, sink = MemoryStore(), ListSink()
    one = gate(court(SUSPICIOUS, every=True), sink, store)
    await one.handle(chunk(request(10), partition=1))
    await one.handle(chunk(request(3, ts=NOW + 1), partition=2))
    assert [d.event_id for d in sink.decisions] == ["e10", "e3"]


async def test_a_witness_sees_every_row_of_features() -> None:
    """Training collects what the live code makes, to the bit that the model is given."""
    seen: list[tuple[list[str], list[int], NDArray[np.float32]]] = []

    def witness(batch: RequestBatch, sight: Sight, rows: NDArray[np.float32]) -> None:
        seen.append((batch.accounts, sight.account.tolist(), rows))

    one = gate(court(Told()), ListSink(), witness=witness)
    await one.handle(chunk(request(0), Raw(1, b"", b"{"), request(2, "bo"), request(3)))
    ((accounts, account, rows),) = seen
    assert (accounts, account) == (["ada", "bo"], [0, 0, 1])
    assert rows[:, FEATURE_NAMES.index("requests_count_1m")].tolist() == [1, 2, 1]


async def test_what_stands_is_remembered_across_chunks() -> None:
    """The second chunk of the same score changes nothing; the lapse is seen from its event."""
    store, sink = MemoryStore(), ListSink()
    one = gate(court(SUSPICIOUS), sink, store)
    for offset, ts in enumerate((NOW, NOW + 1, NOW + DAY)):
        await one.handle(chunk(request(offset, ts=ts)))
    assert [(d.event_id, d.action) for d in sink.decisions] == [
        ("e0", Action.RATE_LIMIT),
        ("e2", Action.RATE_LIMIT),
    ]


async def test_only_changes_are_logged() -> None:
    """One line for each decision that changes something, none for the others."""
    one = gate(court(SUSPICIOUS, every=True), ListSink())
    with capture_logs() as logs:
        await one.handle(chunk(request(0), request(1), request(2, "bo")))
    assert [log["account_id"] for log in logs] == ["ada", "bo"]


async def test_chunks_do_not_matter() -> None:
    """However the records are cut: the same decisions and the same bytes of state."""
    records = [request(n, ("ada", "bo", "cy")[n % 3], NOW + 40_000 * n) for n in range(60)]

    async def run(size: int) -> Any:
        store, sink = MemoryStore(), ListSink()
        one = gate(court(SUSPICIOUS, every=True), sink, store)
        for begin in range(0, len(records), size):
            await one.handle(chunk(*records[begin : begin + size]))
        return store, sink.decisions

    whole = await run(60)
    assert await run(1) == whole
    assert await run(7) == whole


async def test_an_older_state_is_refused_and_counted() -> None:
    """Another worker has gone further: what this one writes is too old."""
    metrics = Metrics()

    class Overtaken(MemoryStore):
        async def write(self, entries: Sequence[Entry], kind: Kind = Kind.STATE) -> int:  # noqa: ARG002 - the protocol's
            return len(entries)

    await gate(court(SUSPICIOUS), ListSink(), Overtaken(), metrics=metrics).handle(
        chunk(request(0))
    )
    assert metrics.fenced._value.get() == 1
