"""From settings to a writer of chains that runs."""

from contextlib import AsyncExitStack
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError

from edge.audit.acts import Acts
from edge.audit.keyring import StoreKeyring
from edge.audit.meters import Meters
from edge.audit.sources import SOURCES
from edge.audit.writer import Writer
from edge.process import page, refuse_missing, stop_signal
from schemas.errors import ConfigurationError
from stream.broker.connections import kafka_options, producer_options, store_client
from stream.bundles.store import BundleStore
from stream.settings import Settings
from stream.variables import variable


async def write(settings: Settings, folder: Path) -> None:
    """Write chains until SIGTERM or SIGINT.

    Raises ConfigurationError when the broker or a topic cannot be used, StoreError, and
    BrokenRecordError when the last record of a file was changed.
    """
    await refuse_missing(settings, *SOURCES, "audit")
    stop, meters = stop_signal(), Meters()
    consumer = AIOKafkaConsumer(
        **kafka_options(settings), enable_auto_commit=False, auto_offset_reset="earliest"
    )
    producer = AIOKafkaProducer(**producer_options(settings))
    store = store_client(settings)
    async with AsyncExitStack() as stack:
        for closing in (consumer.stop, producer.stop, store.aclose):
            stack.push_async_callback(closing)
        await stack.enter_async_context(page(settings, meters))
        try:
            await consumer.start()
            await producer.start()
            writer = Writer(
                consumer,
                producer,
                StoreKeyring(store),
                meters,
                Acts(BundleStore(settings.bundles) if settings.bundles else None),
                folder=folder,
                topics={source: settings.topic(source) for source in SOURCES},
                audit=settings.topic("audit"),
                partitions=settings.partitions,
            )
            await writer.run(stop)
        except KafkaError as error:
            raise ConfigurationError(f"{variable('kafka_bootstrap')}: {error!r}") from error
