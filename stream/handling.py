"""A process that takes chunks to handlers: they are open while it runs, and closed at its end."""

import gc
from collections.abc import Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

from mode import Service

from stream.broker.chunk import Chunk, Handle
from stream.broker.connections import faust_credentials
from stream.broker.transport import ChunkApp
from stream.exposition import expose
from stream.metrics import Metrics
from stream.settings import Settings

GARBAGE: Final = 50_000  # new objects

Opened = AbstractAsyncContextManager[Mapping[str, Handle]]
"""What takes the chunks of each topic, with its connections."""


class Keeper(Service):  # type: ignore[misc]  # Faust is untyped here
    """Opens the handlers when the process starts and closes them when it ends."""

    handlers: Mapping[str, Handle]

    def __init__(self, opened: Opened, **options: Any) -> None:
        super().__init__(**options)
        self._opened = opened

    async def on_start(self) -> None:
        """Open the handlers."""
        self.handlers = await self.add_async_context(self._opened)
        # What is open by now, lists of names among it, lives as long as the process: no collection
        # need look at it again. With 30,000 listed names an account event costs a fifth less.
        gc.collect()
        gc.freeze()
        # Batches leave no cycles: at Python's 700 new objects the collector runs ten times in each
        # of them, and looks through what it holds (10 ms) every second.
        gc.set_threshold(GARBAGE)


class HandlerApp(ChunkApp):
    """A Faust app with its handlers: open before the first chunk, until the last is done."""

    def __init__(self, group: str, opened: Opened, **options: Any) -> None:
        self.keeper = Keeper(opened)
        super().__init__(group, **options)

    def on_init_dependencies(self) -> Iterable[Any]:
        """Services in the order of their start; they stop the other way round."""
        return [self.keeper, *super().on_init_dependencies()]


def handler_app(
    settings: Settings,
    metrics: Metrics,
    group: str,
    opened: Opened,
    topics: Iterable[str],
    overlap: int,
    **options: Any,
) -> HandlerApp:
    """The Faust app of a group whose one agent takes the chunks of `topics` to their handlers.

    overlap: chunks, of different partitions, that are worked on side by side; options: further
    ones of Faust's.
    """
    seconds = 1_000
    app = HandlerApp(
        group,
        opened,
        max_records=settings.batch_max,
        broker=[f"kafka://{address}" for address in settings.kafka_bootstrap.split(",")],
        broker_credentials=faust_credentials(settings),
        broker_session_timeout=settings.session_timeout_ms / seconds,
        broker_heartbeat_interval=settings.heartbeat_ms / seconds,
        broker_commit_interval=settings.commit_interval_ms / seconds,
        broker_rebalance_timeout=max(60.0, settings.session_timeout_ms / seconds),
        # Kafka's 1 MiB would cut a fetch of 700-byte events into 1,500 and a rest.
        consumer_max_fetch_size=4 << 20,
        web_bind=settings.web_host,  # Faust's default is every interface
        web_host=settings.web_host,
        web_port=settings.web_port,
        **options,
    )
    expose(app.web.web_app, metrics, settings.web_token, metrics.about)

    @app.chunks(*topics, overlap=overlap)
    async def events(chunk: Chunk) -> None:
        await app.keeper.handlers[chunk.topic](chunk)

    return app
