"""Which chunks are taken, and which offset may be committed, without a broker."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import ConsumerStoppedError
from faust.types import TP, ConsumerMessage
from hypothesis import given
from hypothesis import strategies as st

from stream.broker.chunk import Chunk
from stream.broker.consumer import ChunkConsumer
from stream.broker.fetcher import FETCH_MIN_BYTES, IDLE_MIN_BYTES, ChunkThread
from stream.broker.prefetched import Prefetched
from stream.broker.transport import ChunkApp
from tests.unit.fetched import Client, Raw

REQUESTS, ACCOUNTS = TP("requests", 0), TP("accounts", 0)


@pytest.fixture
def consumer() -> Iterator[ChunkConsumer]:
    """A consumer of chunks of at most 3 records whose flow is on, without a broker."""
    app = ChunkApp("test", broker="kafka://127.0.0.1:1", max_records=3)
    app.flow_control.resume()
    made = app.consumer
    made._thread.wake = lambda: None  # its event loop does not run
    with closing(made._thread.thread_loop):
        yield made


def chunk(*offsets: int, tp: TP = REQUESTS) -> Chunk:
    return Chunk(tp.topic, tp.partition, [Raw(offset) for offset in offsets], highwater=1000)


def deliver(consumer: ChunkConsumer, delivered: Chunk) -> ConsumerMessage:
    """The message of a chunk, in flight."""
    tp = TP(delivered.topic, delivered.partition)
    message = consumer.in_flight[tp.partition] = consumer._to_message(tp, delivered)
    return message


async def succeed(_: Chunk) -> None:
    """An agent without an error."""


async def fail(_: Chunk) -> None:
    """An agent with one."""
    raise ValueError("the agent fails")


def committable(consumer: ChunkConsumer) -> dict[TP, int]:
    tps = list(consumer._filter_tps_with_pending_acks())
    return {**consumer._filter_committable_offsets(tps)}


def test_a_chunk_never_shows_its_records() -> None:
    """Raw prompts stay out of logs and tracebacks."""
    shown = Chunk("requests", 0, [Raw(1, value=b"a prompt")], highwater=5)
    assert "prompt" not in repr(shown)
    assert (shown.first_offset, shown.last_offset, shown.lag) == (1, 1, 3)


async def test_a_finished_chunk_commits_past_its_last_record(consumer: ChunkConsumer) -> None:
    """Holes before and inside a chunk are not waited for."""
    await consumer.process(deliver(consumer, chunk(7, 12, 40)), succeed)
    assert committable(consumer) == {REQUESTS: 41}
    assert consumer.in_flight == {}


async def test_a_failed_chunk_commits_nothing_and_blocks_its_partition(
    consumer: ChunkConsumer,
) -> None:
    """No later chunk may carry the commit past the one that failed."""
    await consumer.process(deliver(consumer, chunk(0, 1)), succeed)
    message = deliver(consumer, chunk(2, 3))
    with pytest.raises(ValueError, match="the agent fails"):
        await consumer.process(message, fail)
    assert committable(consumer) == {REQUESTS: 2}
    assert list(consumer.in_flight) == [0]


async def test_a_chunk_of_an_earlier_generation_commits_nothing(consumer: ChunkConsumer) -> None:
    """What finishes after the partition was given away must not move its offset."""
    message = deliver(consumer, chunk(0, 1))
    consumer.app.consumer_generation_id += 1
    consumer.in_flight[0] = newer = consumer._to_message(REQUESTS, chunk(5))
    await consumer.process(message, succeed)
    assert committable(consumer) == {}
    assert consumer.in_flight == {0: newer}


async def test_a_commit_never_goes_back(consumer: ChunkConsumer) -> None:
    """An offset at or below the committed one is not committed again."""
    await consumer.process(deliver(consumer, chunk(3, 4)), succeed)
    consumer._committed_offset[REQUESTS] = 5
    assert committable(consumer) == {}


async def test_a_revoked_partition_is_committed_before_it_is_forgotten(
    consumer: ChunkConsumer,
) -> None:
    """While chunks are finished on revocation, what is done can still be committed."""
    seen = []

    async def revoke(_: set[TP]) -> None:
        seen.append(committable(consumer))

    consumer._on_partitions_revoked = revoke
    await consumer.process(deliver(consumer, chunk(0, 1)), succeed)
    await consumer.on_partitions_revoked({REQUESTS})
    assert (seen, committable(consumer)) == ([{REQUESTS: 2}], {})


async def test_the_last_commit_does_not_rely_on_one_under_way(consumer: ChunkConsumer) -> None:
    """A commit that began before the last chunk was finished does not hold it."""
    commits = []

    async def commit(*_: object, **__: object) -> bool:
        commits.append(committable(consumer))
        return True

    consumer.force_commit = commit
    consumer._commit_fut = under_way = asyncio.get_running_loop().create_future()
    last = asyncio.create_task(consumer.commit_and_end_transactions())
    await asyncio.sleep(0)  # it begins, and waits for the other
    await consumer.process(deliver(consumer, chunk(0, 1)), succeed)
    consumer._commit_fut = None
    under_way.set_result(None)
    await last
    assert commits == [{REQUESTS: 2}]


async def test_one_chunk_of_a_partition_number_is_in_flight(consumer: ChunkConsumer) -> None:
    """Requests and accounts of one partition number never run side by side; nobody starves."""
    client = Client({REQUESTS: [Raw(n) for n in range(6)], ACCOUNTS: [Raw(0)]})
    taken = []
    while chunks := await consumer._thread._take(client, {REQUESTS, ACCOUNTS}):
        (tp,) = chunks
        taken.append(tp)
        message = deliver(consumer, chunks[tp])
        assert await consumer._thread._take(client, {REQUESTS, ACCOUNTS}) == {}
        await consumer.process(message, succeed)
    assert sorted(taken) == [ACCOUNTS, REQUESTS, REQUESTS]


@pytest.mark.parametrize("state", ["rebalancing", "suspended"])
async def test_nothing_is_taken_before_the_seek(consumer: ChunkConsumer, state: str) -> None:
    """Between a rebalance and the seek to the committed offset no record is taken."""
    client = Client({REQUESTS: [Raw(0)]})
    client._subscription.reassignment_in_progress = state == "rebalancing"
    if state == "suspended":
        consumer.app.flow_control.suspend()
    assert await consumer._thread._take(client, {REQUESTS}) == {}


async def test_a_partition_that_is_not_active_is_left_alone(consumer: ChunkConsumer) -> None:
    """Paused and revoked partitions keep their records."""
    client = Client({REQUESTS: [Raw(0)], TP("requests", 1): [Raw(0)]})
    assert list(await consumer._thread._take(client, {REQUESTS})) == [REQUESTS]


async def test_the_last_chunk_of_a_topic_says_so(consumer: ChunkConsumer) -> None:
    """Who gathers chunks knows when all that were handed over together have come."""
    places = [REQUESTS, TP("requests", 1), TP("accounts", 2)]
    client = Client({place: [Raw(0)] for place in places})
    chunks = await consumer._thread._take(client, set(places))
    assert [chunk.more for chunk in chunks.values()] == [True, False, False]


async def test_the_broker_gathers_only_while_something_is_worked_on(
    consumer: ChunkConsumer,
) -> None:
    """The first record after a pause is fetched at once."""
    client = Client({})
    await consumer._thread._take(client, {REQUESTS})
    idle = client._fetcher._fetch_min_bytes
    deliver(consumer, chunk(0))
    await consumer._thread._take(client, {REQUESTS})
    assert (idle, client._fetcher._fetch_min_bytes) == (IDLE_MIN_BYTES, FETCH_MIN_BYTES)


class Bare(ChunkThread):
    """A thread's rules without the thread."""

    def __init__(self, max_records: int) -> None:
        flow = SimpleNamespace(is_active=lambda: True)
        self.app = SimpleNamespace(flow_control=flow)
        self.consumer = SimpleNamespace(in_flight={})
        self._prefetched = Prefetched(max_records)


partitions = st.builds(TP, st.sampled_from(["requests", "accounts"]), st.integers(0, 3))
held = st.dictionaries(partitions, st.sets(st.integers(0, 500), min_size=1))


@given(held=held, max_records=st.integers(1, 50))
async def test_chunks_are_all_records_in_order(held: dict[TP, set[int]], max_records: int) -> None:
    """Whatever the holes: every record once, by rising offset, no chunk too large."""
    client = Client({tp: [Raw(offset) for offset in sorted(own)] for tp, own in held.items()})
    seen: dict[TP, list[int]] = {tp: [] for tp in held}
    thread = Bare(max_records)
    while chunks := await thread._take(client, set(held)):
        assert len({tp.partition for tp in chunks}) == len(chunks)
        for tp, taken in chunks.items():
            assert 1 <= len(taken.records) <= max_records
            seen[tp] += [record.offset for record in taken.records]
    assert seen == {tp: sorted(own) for tp, own in held.items()}


class Ended(ChunkThread):
    """A thread that has ended: what is asked of it stays in a queue that nobody reads."""

    def __init__(self) -> None:
        self.parent_loop = asyncio.get_running_loop()
        self._shutdown = asyncio.Event()
        self._shutdown.set()
        self._method_queue = SimpleNamespace(call=self._keep)

    async def _keep(self, promise: "asyncio.Future[None]", *_: Any) -> "asyncio.Future[None]":
        return promise


async def test_a_thread_that_has_ended_keeps_nobody_waiting() -> None:
    """A commit that comes too late is an error, and not for ever."""
    with pytest.raises(ConsumerStoppedError):
        await asyncio.wait_for(Ended().call_thread(asyncio.sleep), timeout=30)
