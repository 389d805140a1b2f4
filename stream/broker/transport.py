"""Faust whose messages are chunks of records instead of single records.

Stock Faust pays several tasks per record. Here aiokafka's fetched records reach an agent as one
message per partition, so that agents, groups, rebalances, commits and the worker stay Faust's
and the price is paid per chunk:

- of the partitions with one number, over all topics, one chunk is in flight at a time: order
  holds, whoever keeps state by partition is its only writer, and a slow agent bounds memory;
- only a chunk that its agent has finished moves the committed offset: just past its last record;
- a stop or a rebalance finishes and commits the chunks in flight, and so repeats nothing;
- an agent that raises stops the worker: a restart repeats that chunk, and, as after a kill or an
  expired session, what was finished since the last commit.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

import faust
from faust.transport.drivers import aiokafka as driver
from faust.types import ConsumerMessage
from mode.supervisors import CrashingSupervisor

from stream.broker.chunk import Chunk, Handle
from stream.broker.consumer import ChunkConsumer


class ChunkTransport(driver.Transport):  # type: ignore[misc]  # Faust is untyped here
    """Kafka in chunks of at most `max_records` records."""

    Consumer = ChunkConsumer

    def __init__(self, url: Any, app: faust.App, max_records: int) -> None:
        super().__init__(url, app)
        self.max_records = max_records


class ChunkSchema(faust.Schema):  # type: ignore[misc]  # Faust is untyped here
    """Passes chunks on as they are."""

    def compile(self, app: faust.App, **_: Any) -> Any:
        async def decode(message: ConsumerMessage, *, propagate: bool = False) -> faust.Event:  # noqa: ARG001 - Faust's signature
            return app.create_event(None, message.value, None, message)

        return decode


class ChunkApp(faust.App):  # type: ignore[misc]  # Faust is untyped here
    """A Faust app whose agents are functions of one chunk.

    `settings` are Faust's, but for those that delivery rests on, which are set here.
    """

    def __init__(self, app_id: str, *, max_records: int = 1000, **settings: Any) -> None:
        self._max_records = max_records
        super().__init__(
            app_id,
            agent_supervisor=CrashingSupervisor,  # an error stops the worker
            consumer_auto_offset_reset="earliest",  # a new group misses nothing
            store="memory://",
            stream_wait_empty=True,  # chunks in flight are finished before a partition goes
            topic_allow_declare=False,
            topic_disable_leader=True,
            **settings,
        )

    def _new_transport(self) -> ChunkTransport:
        return ChunkTransport(self.conf.broker_consumer, self, self._max_records)

    def _create_directories(self) -> None:
        """Faust's folder is for tables, of which there are none: leave the disk alone."""

    def chunks(self, *topics: str, overlap: int = 4) -> Callable[[Handle], faust.Agent]:
        """Decorate an agent: an `async def` of one Chunk, called for every chunk of `topics`.

        Up to `overlap` chunks, all of different partitions, are worked on side by side. When
        the function returns, its chunk is committed with the next commit; when it raises, the
        worker stops with an error.
        """

        def declare(handle: Handle) -> faust.Agent:
            @wraps(handle)  # Faust names an agent by its function
            async def work(stream: faust.StreamT[Chunk]) -> None:
                async for event in stream.noack().events():
                    await self.consumer.process(event.message, handle)

            channel = self.topic(*topics, schema=ChunkSchema())
            return self.agent(channel, concurrency=overlap)(work)

        return declare
