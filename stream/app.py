"""The composition root of a worker: settings in, a Faust app out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from kyc.names import Seal
from stream.agents import Gate
from stream.beside import beside
from stream.broker.chunk import Handle
from stream.bundles.panel import Panel
from stream.bundles.watch import open_watch
from stream.decide.bars import Calibration
from stream.decode.geography import open_geography
from stream.decode.hashing import KeyedHasher
from stream.handling import HandlerApp, handler_app
from stream.know.again import SecondLooks
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
from stream.patience import PatientCensus, PatientVault
from stream.rim import Rim, open_rim
from stream.settings import Settings


@asynccontextmanager
async def open_handlers(settings: Settings, metrics: Metrics) -> AsyncIterator[dict[str, Handle]]:
    """What takes the chunks of each topic, with its connections, closed at the end."""
    watch = open_watch(settings, metrics)
    hasher = KeyedHasher(settings.pepper_bytes())
    # Before they are read: what is imported meanwhile is read again.
    listed = state(settings.lists_dir) if settings.lists_dir else State("", "")
    geography = open_geography(settings)
    departed, sample = Departed(), Sample()
    async with open_rim(settings, metrics) as rim:
        governor = rim.governor(watch.panel.current.policy)
        registry = open_registry(
            settings,
            hasher,
            geography,
            PatientCensus(RedisCensus(rim.client), rim.store),
            rim.store,
            rim.sink,
            metrics,
            _names(settings, rim),
            rim.controls,
            governor,
            burial=rim.burial,
            departed=departed,
        )
        gate = Gate(
            court=watch.panel,
            hasher=hasher,
            geography=geography,
            store=rim.store,
            sink=rim.sink,
            metrics=metrics,
            epoch=settings.stream_epoch,
            outlet=rim.sink,
            witness=sample.witness,
            burial=rim.burial,
            departed=departed,
            controls=rim.controls,
            governor=governor,
            looks=SecondLooks(registry.inquiry, hasher),
        )

        def put(panel: Panel) -> None:
            gate.seat(panel)
            governor.obey(panel.current.policy)

        def heed(found: Calibration) -> None:
            watch.heed(found.actions)
            registry.inquiry.assessor.heed(found.ask)

        def consult(consulted: Consulted) -> None:
            geography.take(consulted.geography)
            registry.consult(consulted.lists, consulted.watch)

        drift = Drift(sample, lambda: watch.panel.served, metrics.drift, rim.client)
        rescreen = Rescreener(rim.client, run_rescreen)
        async with beside(
            watch.run(put),
            drift.run(),
            follow(rim.client, heed),
            follow_lists(settings, listed, consult, rescreen, metrics),
        ):
            yield {
                settings.topic("requests"): gate.handle,
                settings.topic("accounts"): registry.handle,
            }


def _names(settings: Settings, rim: Rim) -> PatientVault | None:
    """Names are kept for lists that change; without a folder of lists none ever does."""
    if settings.lists_dir is None:
        return None
    return PatientVault(RedisVault(rim.client, Seal(settings.pepper_bytes())), rim.store)


def create_app(settings: Settings, metrics: Metrics) -> HandlerApp:
    """The Faust app of a worker."""
    topics = settings.topic("requests"), settings.topic("accounts")
    opened = open_handlers(settings, metrics)
    # Every partition may wait at the turnstile: those that do go through together.
    overlap = min(settings.partitions, 64)
    return handler_app(settings, metrics, settings.group, opened, topics, overlap)
