"""A stock Faust worker around the same gate: `python -m bench.peers.stock_faust each|take`.

`each` takes events one by one, `take` up to 2,000 at a time or what 50 ms bring, as Faust's user
guide teaches (faust-streaming.github.io/faust/userguide/streams.html). Store, features, model,
policy and decoder are the product's own. Two things differ from the guide, both in the peer's
favour: bodies reach our decoder as bytes, which costs less than Faust's JSON codec and records,
and nothing is awaited but the sending of a decision, not its acknowledgement.
"""

import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import faust
from mode import Service

from schemas.decisions import DeadLetter
from schemas.wire import encode_decision
from stream.agents import Gate
from stream.broker.chunk import Chunk
from stream.broker.connections import faust_credentials, store_client
from stream.broker.sinks import Placed
from stream.decide.opening import open_court
from stream.decode.geography import Geography
from stream.decode.hashing import KeyedHasher
from stream.exposition import expose
from stream.logs import configure_logs
from stream.metrics import Metrics
from stream.redis_store import RedisStore
from stream.settings import Settings, load_settings

WITHIN_S = 0.05
_NO_END = 1 << 62


class Record(NamedTuple):
    """A Faust message in the shape that the decoder reads."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None


class TopicSink:
    """Sends decisions as the guide does, one by one through Faust's topics."""

    def __init__(self, decisions: Any, letters: Any) -> None:
        self._decisions = decisions
        self._letters = letters

    async def emit(self, decisions: Sequence[Placed], letters: Sequence[DeadLetter]) -> None:
        """Send all of them."""
        for partition, decision in decisions:
            await self._decisions.send(
                key=decision.account_id.encode(),
                value=encode_decision(decision),
                partition=partition,
            )
        for letter in letters:
            await self._letters.send(value=letter.model_dump_json().encode())


def create_app(settings: Settings, variant: str) -> faust.App:
    """A Faust app with one agent, of the variant asked for."""
    metrics = Metrics()
    app = faust.App(
        settings.group,
        broker=[f"kafka://{address}" for address in settings.kafka_bootstrap.split(",")],
        broker_credentials=faust_credentials(settings),
        broker_session_timeout=settings.session_timeout_ms / 1_000,
        broker_heartbeat_interval=settings.heartbeat_ms / 1_000,
        broker_commit_interval=settings.commit_interval_ms / 1_000,
        consumer_auto_offset_reset="earliest",
        key_serializer="raw",
        value_serializer="raw",
        store="memory://",
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_bind=settings.web_host,
        web_host=settings.web_host,
        web_port=settings.web_port,
    )
    expose(app.web.web_app, metrics, settings.web_token)
    sink = TopicSink(
        app.topic(settings.topic("decisions")), app.topic(settings.topic("dead-letters"))
    )
    gates: list[Gate] = []

    @app.service
    class Connections(Service):  # type: ignore[misc]  # Faust is untyped here
        """Opens the gate before the first event."""

        async def on_start(self) -> None:
            gates.append(await self.add_async_context(_open_gate(settings, metrics, sink)))

    requests = app.topic(settings.topic("requests"))

    async def each(stream: Any) -> None:
        async for event in stream.events():
            await gates[0].handle(_chunk([event.message]))

    async def take(stream: Any) -> None:
        async for events in stream.take_events(settings.batch_max, within=WITHIN_S):
            by_partition = defaultdict(list)
            for event in events:
                by_partition[event.message.partition].append(event.message)
            for messages in by_partition.values():
                await gates[0].handle(_chunk(messages))

    app.agent(requests)({"each": each, "take": take}[variant])
    return app


@asynccontextmanager
async def _open_gate(settings: Settings, metrics: Metrics, sink: TopicSink) -> AsyncIterator[Gate]:
    store = RedisStore(store_client(settings))
    try:
        yield Gate(
            court=open_court(settings),
            hasher=KeyedHasher(settings.pepper_bytes()),
            geography=Geography(),
            store=store,
            sink=sink,
            metrics=metrics,
            epoch=settings.stream_epoch,
        )
    finally:
        await store.close()


def _chunk(messages: Sequence[Any]) -> Chunk:
    records = [Record(m.offset, int(m.timestamp * 1_000), m.key, m.value) for m in messages]
    return Chunk(messages[0].topic, messages[0].partition, records, _NO_END)


def main() -> None:
    """Run until SIGTERM."""
    settings = load_settings()
    configure_logs(settings.log_format, settings.log_level, sys.stderr)
    app = create_app(settings, sys.argv[1])
    faust.Worker(
        app, loglevel="INFO", override_logging=False, redirect_stdouts=False, quiet=True
    ).execute_from_commandline()


if __name__ == "__main__":
    main()
