"""The thread of the Kafka client: takes chunks out of what aiokafka has fetched."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from time import monotonic
from typing import Any

import aiokafka
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import ConsumerStoppedError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from mode.utils.futures import notify

from stream.broker.chunk import Chunk
from stream.broker.prefetched import Prefetched

# While chunks are worked on the broker gathers, since each fetch costs 1 ms: a turn takes as long.
FETCH_MAX_WAIT_MS = 10
FETCH_MIN_BYTES = 1 << 20
# While nothing is worked on the first record comes at once.
IDLE_MIN_BYTES = 1


class ChunkThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]  # Faust is untyped here
    """The thread of the Kafka client: a mode service with an event loop of its own."""

    _waiter: asyncio.Future[None] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self._prefetched = Prefetched(self.transport.max_records)

    def wake(self) -> None:
        """Look for chunks again: a partition is free, or the flow goes on. From any thread."""
        self.thread_loop.call_soon_threadsafe(lambda: notify(self._waiter))

    async def call_thread(
        self, fun: Callable[..., Awaitable[Any]], *args: Any, **named: Any
    ) -> Any:
        """Let the thread do something. Raises ConsumerStoppedError when it has ended before.

        What is asked of it while it ends, after it has emptied its queue, nobody ever answers: a
        worker whose agent has failed would wait for its last commit for ever.
        """
        call = asyncio.ensure_future(super().call_thread(fun, *args, **named))
        ended = asyncio.ensure_future(self._shutdown.wait())
        try:
            await asyncio.wait({call, ended}, return_when=asyncio.FIRST_COMPLETED)
            if not call.done():
                raise ConsumerStoppedError
            return call.result()
        finally:
            ended.cancel()
            call.cancel()

    async def getmany(self, active_partitions: Collection[TP], timeout: float) -> Any:  # noqa: ASYNC109 - Faust's signature
        """At most one chunk for each of the free `active_partitions`; waits `timeout` seconds."""
        return await self.call_thread(self._next_chunks, active_partitions, monotonic() + timeout)

    async def _next_chunks(self, active: Collection[TP], deadline: float) -> dict[TP, Chunk]:
        client = self._ensure_consumer()
        with client._subscription.fetch_context():
            while not (chunks := await self._take(client, active)):
                if not await self._news(client._fetcher, deadline):
                    break
        return chunks

    async def _take(
        self, client: aiokafka.AIOKafkaConsumer, active: Collection[TP]
    ) -> dict[TP, Chunk]:
        if client._closed or client._fetcher._closed:
            raise ConsumerStoppedError
        if not self._flowing(client):
            return {}
        await self._prefetched.collect(client, active)
        busy = set(self.consumer.in_flight)
        free = self._free(active, busy)
        client._fetcher._fetch_min_bytes = FETCH_MIN_BYTES if busy or free else IDLE_MIN_BYTES
        return {tp: self._chunk(client, tp, free[at + 1 :]) for at, tp in enumerate(free)}

    def _free(self, active: Collection[TP], busy: Collection[int]) -> list[TP]:
        """At most one partition of each number; the longest waiting, so that no topic starves."""
        free: dict[int, TP] = {}
        for tp in self._prefetched:
            if tp.partition not in busy and tp in active:
                free.setdefault(tp.partition, tp)
        return list(free.values())

    def _chunk(self, client: aiokafka.AIOKafkaConsumer, tp: TP, after: Sequence[TP]) -> Chunk:
        more = any(other.topic == tp.topic for other in after)
        records = self._prefetched.take(tp)
        return Chunk(tp.topic, tp.partition, records, client.highwater(tp), more)

    def _flowing(self, client: aiokafka.AIOKafkaConsumer) -> bool:
        # Faust seeks to the committed offsets between a rebalance and resuming the flow:
        # what is taken before that would be taken twice.
        rebalancing = client._subscription.reassignment_in_progress
        return self.app.flow_control.is_active() and not rebalancing

    async def _news(self, fetcher: Any, deadline: float) -> bool:
        waiter = self._waiter = fetcher._create_fetch_waiter()
        done, _ = await asyncio.wait([waiter], timeout=max(deadline - monotonic(), 0))
        if done:
            waiter.result()  # raises what the group's coordinator cannot get over
        else:
            waiter.cancel()
        return bool(done)

    def _create_worker_consumer(self, transport: driver.Transport) -> aiokafka.AIOKafkaConsumer:
        conf = self.app.conf
        return aiokafka.AIOKafkaConsumer(
            client_id=conf.broker_client_id,
            group_id=conf.id,
            group_instance_id=conf.consumer_group_instance_id,
            bootstrap_servers=driver.server_list(transport.url, transport.default_port),
            # By range, equal partition numbers of all topics land on the same worker.
            partition_assignment_strategy=[RangePartitionAssignor],
            enable_auto_commit=False,
            auto_offset_reset=conf.consumer_auto_offset_reset,
            isolation_level="read_committed",
            fetch_max_wait_ms=FETCH_MAX_WAIT_MS,
            fetch_min_bytes=FETCH_MIN_BYTES,
            max_partition_fetch_bytes=conf.consumer_max_fetch_size,
            check_crcs=conf.broker_check_crcs,
            max_poll_interval_ms=int(conf.broker_max_poll_interval * 1000),
            request_timeout_ms=int(conf.broker_request_timeout * 1000),
            rebalance_timeout_ms=int(conf.broker_rebalance_timeout * 1000),
            session_timeout_ms=int(conf.broker_session_timeout * 1000),
            heartbeat_interval_ms=int(conf.broker_heartbeat_interval * 1000),
            metadata_max_age_ms=conf.consumer_metadata_max_age_ms,
            connections_max_idle_ms=conf.consumer_connections_max_idle_ms,
            **driver.credentials_to_aiokafka_auth(conf.broker_credentials, conf.ssl_context),
        )
