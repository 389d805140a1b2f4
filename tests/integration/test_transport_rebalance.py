"""Workers that join, leave and die under load lose nothing and repeat little."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import product

from aiokafka import AIOKafkaProducer

from tests.integration.workers import Workers, positions
from tests.topics import Topics

PARTITIONS = 4
RECORDS_PER_S = 2000


@dataclass
class Load:
    """What `load` has made so far: `each` records in every partition of the topic."""

    topic: str
    each: int = 0

    def everything(self) -> set[tuple[str, int, int]]:
        """All records made."""
        return set(product([self.topic], range(PARTITIONS), range(self.each)))


@asynccontextmanager
async def load(topics: Topics, topic: str) -> AsyncIterator[Load]:
    """Fills the topic side by side with the test, until the block is left."""
    made, enough = Load(topic), asyncio.Event()
    async with AIOKafkaProducer(bootstrap_servers=topics.address) as producer:

        async def produce() -> None:
            while not enough.is_set():
                for partition in range(PARTITIONS):
                    await producer.send(topic, b"x" * 100, partition=partition)
                made.each += 1
                await asyncio.sleep(PARTITIONS / RECORDS_PER_S)
            await producer.flush()

        async with asyncio.TaskGroup() as producing:
            producing.create_task(produce())
            try:
                yield made
            finally:
                enough.set()


async def test_a_join_and_a_leave_repeat_nothing(
    workers: Workers, topics: Topics, topic: str
) -> None:
    """A partition changes hands between chunks: finished, committed, then given away."""
    await topics.make(topic, PARTITIONS)
    async with load(topics, topic) as made:
        staying = workers.start(topic, work_s=0.02)
        await workers.until(lambda: staying.done().total() > 100)
        leaving = workers.start(topic, work_s=0.02)
        await workers.until(lambda: leaving.done().total() > 100)
        assert len(staying.assigned()) == len(leaving.assigned()) == PARTITIONS / 2
        assert await leaving.stop() == 0
        await workers.until(lambda: len(staying.assigned()) == PARTITIONS)
    await workers.until(lambda: set(workers.done()) == made.everything())
    assert await staying.stop() == 0
    assert set(workers.done().values()) == {1}
    committed = await topics.committed(workers.group, topic)
    assert committed == dict.fromkeys(range(PARTITIONS), made.each)


async def test_a_killed_worker_repeats_only_what_it_had_not_committed(
    workers: Workers, topics: Topics, topic: str
) -> None:
    """After kill -9 another worker goes on from what the dead one had committed."""
    await topics.make(topic, PARTITIONS)
    async with load(topics, topic) as made:
        staying = workers.start(topic, work_s=0.02)
        dying = workers.start(topic, work_s=0.02)
        await workers.until(lambda: staying.done().total() > 100 and dying.done().total() > 100)
        dying.signal(signal.SIGKILL)
        await dying.ended()
        lost = [partition for _, partition in dying.assigned()]
        committed = await topics.committed(workers.group, topic)
    await workers.until(lambda: set(workers.done()) == made.everything())
    assert await staying.stop() == 0
    done = positions(dying.done(), topic, PARTITIONS)
    repeated = {record for record, times in workers.done().items() if times > 1}
    assert repeated == {
        (topic, partition, offset)
        for partition in lost
        for offset in range(committed[partition], done[partition])
    }


async def test_equal_partition_numbers_stay_together(
    workers: Workers, topics: Topics, topic: str
) -> None:
    """Whoever has a partition of one topic has it of the others, one chunk of them at a time."""
    names = [f"{topic}-{kind}" for kind in ("requests", "accounts", "labels")]
    for name in names:
        await topics.make(name, 3)
    pair = [workers.start(*names, work_s=0.02, max_records=20) for _ in range(2)]
    await workers.until(lambda: sorted(len(worker.assigned()) for worker in pair) == [3, 6])
    for worker in pair:
        numbers = {partition for _, partition in worker.assigned()}
        assert set(worker.assigned()) == set(product(names, numbers))
    for name in names:
        await topics.fill(name, {partition: [b"x"] * 500 for partition in range(3)})
    await workers.until(lambda: workers.done().total() >= len(names) * 3 * 500)
    assert [worker.most_at_once("partition") for worker in pair] == [1, 1]


async def test_topics_of_unequal_partitions_are_refused(
    workers: Workers, topics: Topics, topic: str
) -> None:
    """Partition numbers that mean different accounts stop the worker with an error."""
    await topics.make(f"{topic}-requests", 4)
    await topics.make(f"{topic}-accounts", 2)
    worker = workers.start(f"{topic}-requests", f"{topic}-accounts")
    assert await worker.ended() == 1
    assert "differ in partitions" in workers.log(0)
