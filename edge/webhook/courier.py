"""From the decisions topic to one endpoint: reads, hands over, commits what is through.

Each endpoint has a consumer group of its own, so none waits for another. What was fetched and is
neither delivered nor parked in the store lies in memory; the committed offset is the lowest of
it, and a crash reads it again.
"""

import asyncio
import time
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError

from edge.erasure import account_end
from edge.webhook.delivery import Delivery, Erasure, delivery, read_notice
from edge.webhook.endpoints import Endpoint
from edge.webhook.lanes import Lanes
from edge.webhook.meters import Meters
from edge.webhook.progress import Progress
from edge.webhook.sender import Sender
from edge.webhook.shelf import Shelf
from schemas.errors import MalformedEventError, StoreError

# Fetched and not through: enough to keep every connection busy, and a second's worth to repeat.
WINDOW: Final = 1_000
POLL_S: Final = 0.5
# Tries under way when partitions go away or the process ends: the slow ones are repeated.
GRACE_S: Final = 5.0
COMMIT_LIMIT_S: Final = 5.0
LEAVE_LIMIT_S: Final = 5.0
LOOK_S: Final = 1.0

log = structlog.get_logger()


class Courier(ConsumerRebalanceListener):  # type: ignore[misc]
    """One session of one endpoint, from its start until it is switched off, a stop or an error.

    decisions, accounts: the topics; of the latter only erasures count.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        consumer: AIOKafkaConsumer,
        sender: Sender,
        shelf: Shelf,
        meters: Meters,
        *,
        decisions: str,
        accounts: str,
        commit_s: float,
    ) -> None:
        self._endpoint, self._consumer = endpoint, consumer
        self._decisions, self._accounts, self._commit_s = decisions, accounts, commit_s
        self._sender, self._shelf, self._meters = sender, shelf, meters
        self._progress: dict[TopicPartition, Progress] = {}
        self._committed: dict[TopicPartition, int] = {}
        self._broken: StoreError | None = None
        self._taking = False

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until `stop`, or until a person switches the endpoint off. Raises a group of what
        ended it: StoreError, KafkaError, or EndpointGoneError when the endpoint wants no more."""
        try:
            await self._consumer.start()
            async with asyncio.TaskGroup() as group:
                self._lanes = self._open_lanes(group)
                self._consumer.subscribe([self._decisions, self._accounts], listener=self)
                loops = self._fetch, self._commit_often, self._retry_often
                tasks = [group.create_task(loop()) for loop in loops]
                await self._until_off(stop)
                for task in tasks:
                    task.cancel()
                await self._let_go()
        finally:
            await self._leave()

    async def _leave(self) -> None:
        """aiokafka waits for a group's answers, minutes where no broker is left to give one."""
        try:
            async with asyncio.timeout(LEAVE_LIMIT_S):
                await self._consumer.stop()
        except TimeoutError:
            log.warning("webhook.not_left", endpoint=self._endpoint.name)

    async def _until_off(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            if (reason := await self._shelf.off()) is not None:
                log.warning("webhook.switched_off", endpoint=self._endpoint.name, reason=reason)
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), LOOK_S)

    def _open_lanes(self, group: asyncio.TaskGroup) -> Lanes:
        def spawn(coroutine: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
            return group.create_task(coroutine)

        parts = self._endpoint, self._sender, self._shelf, self._meters
        return Lanes(*parts, spawn=spawn, done=self._finish)

    async def on_partitions_revoked(self, _: set[TopicPartition]) -> None:
        """Others deliver from here on: end what is under way, commit, forget."""
        await self._let_go()

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Learn which accounts have parked deliveries, before any new one is taken."""
        self._consumer.pause(*assigned)  # it fetches already
        try:
            for tp in (tp for tp in assigned if tp.topic == self._decisions):
                for account, parked in (await self._shelf.parked(tp.partition)).items():
                    self._lanes.found(account, parked)
        except StoreError as error:
            self._broken = error  # aiokafka would only log what a listener raises
            return
        self._progress = {tp: Progress() for tp in assigned}
        self._taking = True
        self._consumer.resume(*assigned)

    async def _let_go(self) -> None:
        self._taking = False
        await self._lanes.close(GRACE_S)
        try:
            async with asyncio.timeout(COMMIT_LIMIT_S):
                await self._commit()
        except TimeoutError:
            log.warning("webhook.not_committed", endpoint=self._endpoint.name)
        self._progress, self._committed = {}, {}

    async def _fetch(self) -> None:
        while self._broken is None:
            room = WINDOW - self._lanes.waiting
            if room <= 0 or self._lanes.parked >= self._endpoint.parked_max:
                self._lanes.moved.clear()
                await self._lanes.moved.wait()
                continue
            chunks = await self._consumer.getmany(timeout_ms=int(POLL_S * 1_000), max_records=room)
            for tp, records in chunks.items():
                self._take(tp, records)
        raise self._broken

    def _take(self, tp: TopicPartition, records: list[ConsumerRecord]) -> None:
        if not self._taking or tp not in self._progress:
            return  # about to be given away; whoever has it next reads it again
        progress = self._progress[tp]
        for record in records:
            progress.begin(record.offset)
            wanted = self._read(record)
            if wanted is None:
                progress.finish(record.offset)
            else:
                self._lanes.take(wanted)

    def _read(self, record: ConsumerRecord) -> Delivery | Erasure | None:
        """What a record asks for, if anything."""
        try:
            if record.topic == self._accounts:
                return self._erasure(record)
            return self._delivery(record)
        except MalformedEventError as error:
            self._meters.unreadable.labels(self._endpoint.name).inc()
            at = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
            log.error("webhook.unreadable", error=str(error), **at)
            return None

    def _erasure(self, record: ConsumerRecord) -> Erasure | None:
        end = account_end(record.value)
        if end is None:
            return None
        return Erasure(record.topic, end.account_id, record.partition, record.offset)

    def _delivery(self, record: ConsumerRecord) -> Delivery | Erasure | None:
        if record.value is None:
            # A tombstone says nothing to anybody, and ends what was parked since the erasure.
            account = (record.key or b"").decode("utf-8", "replace")
            return Erasure(record.topic, account, record.partition, record.offset)
        notice = read_notice(record.value)
        if not self._endpoint.filter.passes(notice):
            return None
        return delivery(notice, record.value, record.partition, record.offset)

    def _finish(self, done: Delivery | Erasure) -> None:
        topic = done.topic if isinstance(done, Erasure) else self._decisions
        self._progress[TopicPartition(topic, done.partition)].finish(done.offset)

    async def _commit_often(self) -> None:
        while True:
            await asyncio.sleep(self._commit_s)
            await self._commit()

    async def _commit(self) -> None:
        """Commit what has moved on; what is refused was given to others, who repeat it."""
        positions = {tp: p.position for tp, p in self._progress.items() if p.position is not None}
        moved = dict(positions.items() - self._committed.items())
        if not moved:
            return
        try:
            await self._consumer.commit(moved)
        except (CommitFailedError, IllegalStateError) as error:
            log.warning("webhook.not_committed", endpoint=self._endpoint.name, error=repr(error))
            return
        self._committed |= moved

    async def _retry_often(self) -> None:
        while True:
            await asyncio.sleep(POLL_S)
            for tp in [tp for tp in self._progress if tp.topic == self._decisions]:
                now = int(time.time() * 1_000)
                for account in await self._shelf.due(tp.partition, now, self._lanes.spare):
                    if tp in self._progress:  # else given away while the store was asked
                        self._lanes.retry(account)
