"""What is committed is what was processed: stop, restart, error, size, order, latency."""

from collections import Counter
from itertools import product

import pytest

from tests.integration.workers import Workers, positions, records
from tests.topics import Topics

PARTITIONS = 4
EACH = 1000  # records a partition
ALL = PARTITIONS * EACH


def everything(topic: str) -> set[tuple[str, int, int]]:
    """All records of a filled topic."""
    return set(product([topic], range(PARTITIONS), range(EACH)))


@pytest.fixture
async def filled(topics: Topics, topic: str) -> str:
    """A topic of four partitions of 1,000 records each."""
    await topics.make(topic, PARTITIONS)
    await topics.fill(topic, {partition: [b"x" * 100] * EACH for partition in range(PARTITIONS)})
    return topic


async def test_a_stopped_worker_has_committed_what_it_processed(
    workers: Workers, topics: Topics, filled: str
) -> None:
    """After SIGTERM the committed offsets are exactly those processed."""
    worker = workers.start(filled, work_s=0.02)
    await workers.until(lambda: worker.done().total() >= ALL / 4)
    assert await worker.stop() == 0
    assert worker.done().total() < ALL, "the worker was to be stopped in the middle"
    assert worker.begun() == worker.done(), "what was in flight is finished"
    committed = await topics.committed(workers.group, filled)
    assert committed == positions(worker.done(), filled, PARTITIONS)


async def test_a_restart_neither_repeats_nor_skips(
    workers: Workers, topics: Topics, filled: str
) -> None:
    """The worker after a stopped one begins where that one ended."""
    first = workers.start(filled, work_s=0.02)
    await workers.until(lambda: first.done().total() >= ALL / 4)
    await first.stop()
    second = workers.start(filled)
    await workers.until(lambda: workers.done().total() >= ALL)
    await second.stop()
    assert workers.done() == Counter(everything(filled))
    committed = await topics.committed(workers.group, filled)
    assert committed == dict.fromkeys(range(PARTITIONS), EACH)


async def test_a_chunk_whose_agent_raised_is_processed_again(
    workers: Workers, topics: Topics, filled: str
) -> None:
    """An error stops the worker with a failure; what it had not committed comes again, no more."""
    failing = workers.start(filled, fail_at=EACH // 2, work_s=0.02)
    assert await failing.ended() == 1
    done = positions(failing.done(), filled, PARTITIONS)
    committed = await topics.committed(workers.group, filled)
    assert EACH // 2 - failing.spec.max_records < done[0] <= EACH // 2
    repeats = {partition: done[partition] - committed[partition] for partition in done}
    assert min(repeats.values()) >= 0, "nothing is committed that was not processed"
    again = workers.start(filled)
    await workers.until(lambda: set(workers.done()) == everything(filled))
    await again.stop()
    repeated = sum(times > 1 for times in workers.done().values())
    assert repeated == sum(repeats.values())


async def test_chunks_keep_size_and_order_and_overlap(workers: Workers, filled: str) -> None:
    """At most max_records a chunk; one of a partition at a time, in order; partitions overlap."""
    worker = workers.start(filled, max_records=70, work_s=0.02)
    await workers.until(lambda: worker.done().total() >= ALL)
    await worker.stop()
    assert max(len(note["offsets"]) for note in worker.notes("begin")) == 70
    for partition in range(PARTITIONS):
        own = [note for note in worker.notes("begin") if note["partition"] == partition]
        assert [offset for _, _, offset in records(own)] == list(range(EACH))
    assert worker.most_at_once("partition") == 1
    assert worker.most_at_once() > 1


async def test_a_long_chunk_keeps_its_partition(workers: Workers, filled: str) -> None:
    """Heartbeats go on while an agent blocks for longer than the session's timeout."""
    worker = workers.start(filled, block_at=EACH // 2)
    await workers.until(lambda: worker.done().total() >= ALL)
    assert len(worker.notes("assigned")) == 1
    assert set(worker.done().values()) == {1}


async def test_a_lone_record_is_not_kept_waiting(
    workers: Workers, topics: Topics, topic: str
) -> None:
    """One record alone makes a chunk at once, whatever max_records is."""
    await topics.make(topic, PARTITIONS)
    worker = workers.start(topic, max_records=1000)
    await workers.until(lambda: bool(worker.assigned()))
    for partition in range(PARTITIONS):
        await topics.fill(topic, {partition: [b"x"]})
        await workers.until(lambda: (topic, partition, 0) in worker.done())  # noqa: B023 - awaited here
    assert [note["lag"] for note in worker.notes("begin")] == [0] * PARTITIONS
