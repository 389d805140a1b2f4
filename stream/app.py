"""The composition root of a worker: settings in, a Faust app out."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from aiokafka import AIOKafkaProducer

from kyc.names import Seal
from stream.agents import Gate
from stream.beside import beside
from stream.broker.chunk import Handle
from stream.broker.connections import producer_options, store_client
from stream.broker.sinks import KafkaSink
from stream.broker.tombstones import Tombstones
from stream.bundles.panel import Panel
from stream.bundles.watch import open_watch
from stream.controls.holding import holding
from stream.decide.bars import Calibration
from stream.decode.geography import open_geography
from stream.decode.hashing import KeyedHasher
from stream.govern.governor import Governor
from stream.govern.grants import RedisGrants
from stream.handling import HandlerApp, handler_app
from stream.know.census import RedisCensus
from stream.know.departed import Departed
from stream.know.opening import open_registry
from stream.know.refresh import Consulted, State, follow_lists, state
from stream.know.rescreener import Rescreener, run_rescreen
from stream.know.vault import RedisVault
from stream.learn.drift import Drift
from stream.learn.sample import Sample
from stream.link.published import follow
from stream.metrics import Metrics
from stream.patience import PatientCensus, PatientGrants, PatientStore, PatientVault
from stream.settings import Settings
from stream.store import RedisStore


@asynccontextmanager
async def open_handlers(settings: Settings, metrics: Metrics) -> AsyncIterator[dict[str, Handle]]:
    """What takes the chunks of each topic, with its connections, closed at the end."""
    watch = open_watch(settings, metrics)
    hasher = KeyedHasher(settings.pepper_bytes())
    # Before they are read: what is imported meanwhile is read again.
    listed = state(settings.lists_dir) if settings.lists_dir else State("", "")
    geography, client = open_geography(settings), store_client(settings)
    redis = RedisStore(client)
    store = PatientStore(redis, metrics)
    census = PatientCensus(RedisCensus(client), store)
    producer = AIOKafkaProducer(**producer_options(settings))
    sink, burial = KafkaSink(producer, settings.topic), Tombstones(producer, settings.topic)
    departed = Departed()
    epoch = settings.stream_epoch
    vault = RedisVault(client, Seal(settings.pepper_bytes()))
    # Names are kept for lists that change; without a folder of lists none ever does.
    names = PatientVault(vault, store) if settings.lists_dir else None
    sample = Sample()
    drift = Drift(sample, lambda: watch.panel.served, metrics.drift, client)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(redis.close)
        stack.push_async_callback(producer.stop)
        await producer.start()
        controls = await stack.enter_async_context(holding(settings, client, metrics))
        grants = PatientGrants(RedisGrants(client), store)
        governor = Governor(watch.panel.current.policy, grants, controls, metrics)
        gate = Gate(
            court=watch.panel,
            hasher=hasher,
            geography=geography,
            store=store,
            sink=sink,
            metrics=metrics,
            epoch=epoch,
            outlet=sink,
            witness=sample.witness,
            burial=burial,
            departed=departed,
            controls=controls,
            governor=governor,
        )
        registry = open_registry(
            settings,
            hasher,
            geography,
            census,
            store,
            sink,
            metrics,
            names,
            controls,
            governor,
            burial=burial,
            departed=departed,
        )

        def put(panel: Panel) -> None:
            gate.seat(panel)
            governor.obey(panel.current.policy)

        def heed(found: Calibration) -> None:
            watch.heed(found.actions)
            registry.assessor.heed(found.ask)

        def consult(consulted: Consulted) -> None:
            geography.take(consulted.geography)
            registry.consult(consulted.lists, consulted.watch)

        rescreen = Rescreener(client, run_rescreen)
        await stack.enter_async_context(
            beside(
                watch.run(put),
                drift.run(),
                follow(client, heed),
                follow_lists(settings, listed, consult, rescreen, metrics),
            )
        )
        yield {
            settings.topic("requests"): gate.handle,
            settings.topic("accounts"): registry.handle,
        }


def create_app(settings: Settings, metrics: Metrics) -> HandlerApp:
    """The Faust app of a worker."""
    topics = settings.topic("requests"), settings.topic("accounts")
    opened = open_handlers(settings, metrics)
    # Every partition may wait at the turnstile: those that do go through together.
    overlap = min(settings.partitions, 64)
    return handler_app(settings, metrics, settings.group, opened, topics, overlap)
