"""Offsets without a record, records without a value, and a broker that asks for a password."""

import asyncio

import pytest
from aiokafka import AIOKafkaProducer

from tests.integration.workers import PATIENCE_S, Workers, positions
from tests.servers import Broker
from tests.topics import Topics


async def test_tombstones_pass(workers: Workers, topics: Topics, topic: str) -> None:
    """A record without a value reaches the agent as one, in its place."""
    await topics.make(topic, 1)
    await topics.fill(topic, {0: [b"x", None, b"y"]}, keys=[b"a", b"a", b"b"])
    worker = workers.start(topic)
    await workers.until(lambda: worker.done().total() == 3)
    assert await worker.stop() == 0
    assert [empty for note in worker.notes("begin") for empty in note["empty"]] == [1]


async def test_compacted_away_offsets_are_passed_over(
    workers: Workers, topics: Topics, topic: str, broker: Broker
) -> None:
    """Holes that compaction left neither stop the commit nor are waited for."""
    if broker.name == "embedded":
        pytest.skip("the embedded broker does not compact")
    await topics.make(
        topic,
        1,
        **{"cleanup.policy": "compact", "segment.bytes": "1048576"},
        **{"min.cleanable.dirty.ratio": "0.01", "max.compaction.lag.ms": "100"},
    )
    names = [b"account-%d" % (number % 7) for number in range(3000)]
    await topics.fill(topic, {0: [b"x" * 1000] * 3000}, keys=names)
    before = await _compacted(topics, topic)
    worker = workers.start(topic)
    await workers.until(lambda: (topic, 0, 2999) in worker.done())
    assert await worker.stop() == 0
    done = worker.done()
    assert set(done.values()) == {1}
    # The broker may have gone on meanwhile.
    after = (await topics.offsets(topic))[0]
    assert set(after) <= {offset for _, _, offset in done} <= set(before)
    assert await topics.committed(workers.group, topic) == {0: 3000}


async def _compacted(topics: Topics, topic: str) -> list[int]:
    """Wait until the broker has begun to compact; the offsets that are left."""
    async with asyncio.timeout(PATIENCE_S):
        while len(left := (await topics.offsets(topic))[0]) == 3000:
            pass
    return left


async def test_aborted_records_and_markers_are_passed_over(
    workers: Workers, topics: Topics, topic: str, broker: Broker
) -> None:
    """Only committed records arrive; a marker's offset is a hole like any other."""
    if broker.name == "embedded":
        pytest.skip("the embedded broker does not hide aborted records")
    await topics.make(topic, 1)
    async with AIOKafkaProducer(
        bootstrap_servers=broker.address, transactional_id=topic
    ) as producer:
        async with producer.transaction():
            await producer.send(topic, b"kept", partition=0)  # 0, its marker 1
        await producer.begin_transaction()
        await producer.send_and_wait(topic, b"aborted", partition=0)  # 2, its marker 3
        await producer.abort_transaction()
    await topics.fill(topic, {0: [b"plain"]})  # 4
    worker = workers.start(topic)
    await workers.until(lambda: worker.done().total() == 2)
    assert await worker.stop() == 0
    assert positions(worker.done(), topic, 1) == {0: 5}
    assert (topic, 0, 2) not in worker.done()
    assert await topics.committed(workers.group, topic) == {0: 5}


async def test_a_password_is_given_to_the_broker(
    workers: Workers, topics: Topics, topic: str, broker: Broker
) -> None:
    """Faust's broker credentials reach the chunks' consumer."""
    if not broker.sasl:
        pytest.skip("the embedded broker asks for no password")
    await topics.make(topic, 1)
    await topics.fill(topic, {0: [b"x"]})
    worker = workers.start(
        topic, broker=broker.sasl, username=broker.user, password=broker.password
    )
    await workers.until(lambda: worker.done().total() == 1)
    assert await worker.stop() == 0
