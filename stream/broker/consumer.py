"""Chunks as Faust's messages, and the offsets that may be committed."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage
from mode.utils.futures import notify

from schemas.errors import ConfigurationError
from stream.broker.chunk import Chunk, Handle
from stream.broker.fetcher import ChunkThread


class ChunkConsumer(driver.Consumer):  # type: ignore[misc]  # Faust is untyped here
    """Hands chunks to Faust as messages, and keeps what may be committed.

    Faust's own books (`_acked`, `_gap`) are left empty: they acknowledge a message whose agent
    raised or was cancelled, forget on revocation what was acknowledged since the last commit,
    and take the offsets inside a chunk for gaps.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.in_flight: dict[int, ConsumerMessage] = {}  # by partition number, over all topics
        self._next_offsets: dict[TP, int] = {}

    def _new_consumer_thread(self) -> ChunkThread:
        return ChunkThread(self, loop=self.loop, beacon=self.beacon)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:  # noqa: ASYNC109 - Faust's signature
        """Yield the next chunks, each as one message with the offset of its last record."""
        chunks, _ = await self._wait_next_records(timeout)
        generation = self.app.consumer_generation_id
        for tp, chunk in chunks.items():
            # What is dropped here is fetched again: a seek to the committed offset follows.
            if not self.flow_active or generation != self.app.consumer_generation_id:
                return
            self.app.monitor.track_tp_end_offset(tp, chunk.highwater)
            message = self.in_flight[tp.partition] = self._to_message(tp, chunk)
            yield tp, message

    def _to_message(self, tp: TP, chunk: Chunk) -> ConsumerMessage:
        return ConsumerMessage(
            topic=tp.topic,
            partition=tp.partition,
            offset=chunk.last_offset,
            timestamp=chunk.records[-1].timestamp / 1000,
            timestamp_type=0,
            headers=None,
            key=None,
            value=chunk,
            checksum=None,
            serialized_key_size=0,
            serialized_value_size=0,
            tp=tp,
            generation_id=self.app.consumer_generation_id,
        )

    async def process(self, message: ConsumerMessage, handle: Handle) -> None:
        """Let `handle` work on a chunk; its records count as done only if it returns."""
        try:
            await handle(message.value)
            self._finish(message)
        finally:
            # Nobody waits for a chunk that has failed: its partition stays blocked instead.
            self._unacked_messages.discard(message)
            notify(self._waiting_for_ack)

    def _finish(self, message: ConsumerMessage) -> None:
        message.acked = True
        if message.generation_id == self.app.consumer_generation_id:
            self._next_offsets[message.tp] = message.offset + 1
            del self.in_flight[message.partition]
            # Chunks that went through together end in one turn of the loop; their partitions are
            # to be asked for together.
            self.loop.call_soon(self._thread.wake)

    def resume_flow(self) -> None:
        """Allow the delivery of chunks again."""
        super().resume_flow()
        self._thread.wake()

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Finish and commit the chunks in flight, then forget the partitions."""
        await super().on_partitions_revoked(revoked)
        for tp in revoked:
            self._next_offsets.pop(tp, None)

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Begin anew: every chunk of the generation before is done with or dropped."""
        self.in_flight.clear()
        if len(self._partition_counts(assigned)) > 1:
            await self.crash(ConfigurationError("the topics of the agents differ in partitions"))
        else:
            await super().on_partitions_assigned(assigned, generation_id)

    def _partition_counts(self, assigned: set[TP]) -> set[int | None]:
        return {self.topic_partitions(topic) for topic in {tp.topic for tp in assigned}}

    async def commit_and_end_transactions(self) -> None:
        """Commit once more, although a commit that began before may be under way."""
        while await self.maybe_wait_for_commit_to_finish():
            pass
        await super().commit_and_end_transactions()

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        return (tp for tp in self._next_offsets if not topics or tp in topics or tp.topic in topics)

    def _new_offset(self, tp: TP) -> int | None:
        return self._next_offsets.get(tp)

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """A message's offsets are its chunk's: what lies between two is no gap."""
