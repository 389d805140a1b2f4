"""The composition root of a worker: settings in, a Faust app out."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaProducer
from mode import Service

from kyc.names import Seal
from stream.agents import Gate
from stream.broker.chunk import Chunk, Handle
from stream.broker.connections import faust_credentials, producer_options, store_client
from stream.broker.sinks import KafkaSink
from stream.broker.transport import ChunkApp
from stream.decide.court import open_court
from stream.decode.geography import open_geography
from stream.decode.hashing import KeyedHasher
from stream.know.census import RedisCensus
from stream.know.opening import open_registry
from stream.know.vault import RedisVault
from stream.link.published import follow
from stream.metrics import Metrics, expose
from stream.patience import PatientCensus, PatientStore, PatientVault
from stream.settings import Settings
from stream.store import RedisStore


@asynccontextmanager
async def open_handlers(settings: Settings, metrics: Metrics) -> AsyncIterator[dict[str, Handle]]:
    """What takes the chunks of each topic, with its connections, closed at the end."""
    court, hasher = open_court(settings), KeyedHasher(settings.pepper_bytes())
    geography, client = open_geography(settings), store_client(settings)
    redis = RedisStore(client)
    store = PatientStore(redis, metrics)
    census = PatientCensus(RedisCensus(client), store)
    producer = AIOKafkaProducer(**producer_options(settings))
    sink = KafkaSink(producer, settings.topic)
    epoch = settings.stream_epoch
    vault = RedisVault(client, Seal(settings.pepper_bytes()))
    # Names are kept for lists that change; without a folder of lists none ever does.
    names = PatientVault(vault, store) if settings.lists_dir else None
    await producer.start()
    following = asyncio.create_task(follow(client, court.heed))
    try:
        gate = Gate(
            court=court,
            hasher=hasher,
            geography=geography,
            store=store,
            sink=sink,
            metrics=metrics,
            epoch=epoch,
            outlet=sink,
        )
        registry = open_registry(settings, hasher, geography, census, store, sink, metrics, names)
        yield {
            settings.topic("requests"): gate.handle,
            settings.topic("accounts"): registry.handle,
        }
    finally:
        following.cancel()
        await producer.stop()
        await redis.close()


class Keeper(Service):  # type: ignore[misc]  # Faust is untyped here
    """Opens the handlers when the worker starts and closes them when the worker ends."""

    handlers: dict[str, Handle]

    def __init__(self, settings: Settings, metrics: Metrics, **options: Any) -> None:
        super().__init__(**options)
        self._settings = settings
        self._metrics = metrics

    async def on_start(self) -> None:
        """Open the handlers."""
        opened = open_handlers(self._settings, self._metrics)
        self.handlers = await self.add_async_context(opened)


class GateApp(ChunkApp):
    """A Faust app with its handlers: open before the first chunk, until the last is done."""

    def __init__(self, settings: Settings, metrics: Metrics, **options: Any) -> None:
        self.keeper = Keeper(settings, metrics)
        super().__init__(settings.group, max_records=settings.batch_max, **options)

    def on_init_dependencies(self) -> Iterable[Any]:
        """Services in the order of their start; they stop the other way round."""
        return [self.keeper, *super().on_init_dependencies()]


def create_app(settings: Settings, metrics: Metrics) -> GateApp:
    """The Faust app whose one agent takes the chunks of every topic to their handler."""
    seconds = 1_000
    app = GateApp(
        settings,
        metrics,
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
    )
    expose(app.web.web_app, metrics, settings.web_token)

    # Every partition may wait at the turnstile: those that do go through together.
    topics = settings.topic("requests"), settings.topic("accounts")

    @app.chunks(*topics, overlap=min(settings.partitions, 64))
    async def events(chunk: Chunk) -> None:
        await app.keeper.handlers[chunk.topic](chunk)

    return app
