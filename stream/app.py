"""The composition root of a worker: settings in, a Faust app out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaProducer
from mode import Service

from stream.accounts import Registry
from stream.agents import Gate
from stream.chunk import Chunk
from stream.connections import faust_credentials, kafka_options, store_client
from stream.consumer import Handle
from stream.court import open_court
from stream.geography import open_geography
from stream.hashing import KeyedHasher
from stream.metrics import Metrics, expose
from stream.patience import PatientStore
from stream.settings import Settings
from stream.sinks import KafkaSink
from stream.store import RedisStore
from stream.transport import ChunkApp


@asynccontextmanager
async def open_handlers(settings: Settings, metrics: Metrics) -> AsyncIterator[dict[str, Handle]]:
    """What takes the chunks of each topic, with its connections, closed at the end."""
    court, hasher = open_court(settings), KeyedHasher(settings.pepper_bytes())
    geography, redis = open_geography(settings), RedisStore(store_client(settings))
    store = PatientStore(redis, metrics)
    producer = AIOKafkaProducer(
        **kafka_options(settings), acks="all", linger_ms=0, max_request_size=4 << 20
    )
    sink = KafkaSink(producer, settings.topic("decisions"), settings.topic("dead-letters"))
    epoch = settings.stream_epoch
    await producer.start()
    try:
        gate = Gate(
            court=court,
            hasher=hasher,
            geography=geography,
            store=store,
            sink=sink,
            metrics=metrics,
            epoch=epoch,
        )
        registry = Registry(hasher, geography, store, sink, metrics, epoch)
        yield {
            settings.topic("requests"): gate.handle,
            settings.topic("accounts"): registry.handle,
        }
    finally:
        await producer.stop()
        await redis.close()


def create_app(settings: Settings, metrics: Metrics) -> ChunkApp:
    """The Faust app whose one agent takes the chunks of every topic to their handler."""
    seconds = 1_000
    app = ChunkApp(
        settings.group,
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
    )
    expose(app.web.web_app, metrics, settings.web_token)
    handlers: dict[str, Handle] = {}

    @app.chunks(settings.topic("requests"), settings.topic("accounts"))
    async def events(chunk: Chunk) -> None:
        await handlers[chunk.topic](chunk)

    @app.service
    class Connections(Service):  # type: ignore[misc]  # Faust is untyped here
        """Opens the handlers before the first chunk and closes them after the last."""

        async def on_start(self) -> None:
            handlers.update(await self.add_async_context(open_handlers(settings, metrics)))

    return app
