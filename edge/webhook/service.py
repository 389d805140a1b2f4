"""The process `sluicegate webhooks`: every endpoint with its courier, until a signal."""

import asyncio
from contextlib import suppress
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import KafkaError

from edge.process import page, refuse_missing, stop_signal
from edge.webhook.courier import Courier
from edge.webhook.endpoints import Endpoint, load_endpoints
from edge.webhook.lanes import EndpointGoneError
from edge.webhook.meters import Meters
from edge.webhook.sender import HttpSender
from edge.webhook.shelf import Shelf
from schemas.errors import StoreError
from stream.broker.connections import kafka_options, store_client
from stream.settings import Settings

# Switched off, or broken: how long until the next look.
PAUSE_S: Final = 2.0
# A courier that is full does not poll, and is well: heartbeats alone tell that it lives.
NEVER_MS: Final = 86_400_000

log = structlog.get_logger()


async def serve(settings: Settings) -> None:
    """Deliver until SIGTERM or SIGINT. Raises ConfigurationError before anything is read."""
    endpoints = load_endpoints(settings)
    await refuse_missing(settings, "decisions", "accounts")
    meters = Meters()
    stop = stop_signal()
    async with page(settings, meters), asyncio.TaskGroup() as group:
        for endpoint in endpoints.values():
            meters.show_zeros(endpoint.name)
            group.create_task(_attend(endpoint, settings, meters, stop))


def group(settings: Settings, endpoint: str) -> str:
    """The consumer group of an endpoint."""
    return f"{settings.group}-webhook-{endpoint}"


async def _attend(
    endpoint: Endpoint, settings: Settings, meters: Meters, stop: asyncio.Event
) -> None:
    """One endpoint, over connections to the store that are its own."""
    store = store_client(settings)
    try:
        await _insist(endpoint, settings, Shelf(store, endpoint.name), meters, stop)
    finally:
        await store.aclose()


async def _insist(
    endpoint: Endpoint, settings: Settings, shelf: Shelf, meters: Meters, stop: asyncio.Event
) -> None:
    """Sessions of one endpoint, one after another; what ends one does not end the others."""
    on = meters.on.labels(endpoint.name)
    while not stop.is_set():
        try:
            if await shelf.off() is None:
                on.set(1)
                await _session(endpoint, settings, shelf, meters, stop)
        except* EndpointGoneError as gone:
            await _switch_off(endpoint, shelf, str(gone.exceptions[0]))
        except* (StoreError, KafkaError, OSError) as errors:
            told = sorted({repr(error) for error in errors.exceptions})
            log.error("webhook.interrupted", endpoint=endpoint.name, errors=told)
        on.set(0)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), PAUSE_S)


async def _session(
    endpoint: Endpoint, settings: Settings, shelf: Shelf, meters: Meters, stop: asyncio.Event
) -> None:
    sender = HttpSender(endpoint)
    try:
        courier = Courier(
            endpoint,
            _consumer(endpoint, settings),
            sender,
            shelf,
            meters,
            decisions=settings.topic("decisions"),
            accounts=settings.topic("accounts"),
            commit_s=settings.commit_interval_ms / 1_000,
        )
        await courier.run(stop)
    finally:
        await sender.close()


async def _switch_off(endpoint: Endpoint, shelf: Shelf, reason: str) -> None:
    log.error("webhook.switched_off", endpoint=endpoint.name, reason=reason)
    try:
        await shelf.switch_off(reason)
    except StoreError as error:
        # The next session asks the endpoint again, and is told again.
        log.error("webhook.interrupted", endpoint=endpoint.name, errors=[repr(error)])


def _consumer(endpoint: Endpoint, settings: Settings) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        **kafka_options(settings),
        group_id=group(settings, endpoint.name),
        enable_auto_commit=False,
        # A new endpoint hears what the topic holds; and an offset that is lost repeats, not skips.
        auto_offset_reset="earliest",
        session_timeout_ms=settings.session_timeout_ms,
        heartbeat_interval_ms=settings.heartbeat_ms,
        # An account's decisions and its erasure come to the same process.
        partition_assignment_strategy=[RangePartitionAssignor],
        max_poll_interval_ms=NEVER_MS,
        rebalance_timeout_ms=max(60_000, settings.session_timeout_ms),
    )
