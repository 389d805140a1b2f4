"""The demo: broker, store, worker and traffic on this machine, told in the terminal."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any
from urllib.request import urlopen

import aiohttp
import msgspec
from aiokafka import AIOKafkaConsumer
from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console
from rich.live import Live

from schemas.errors import SluicegateError
from schemas.wire import DecisionWire
from simulate.population import Population
from simulate.scenarios import Scenario
from stream.broker.connections import kafka_options
from stream.broker.topics import create_topics
from stream.demo.child import Child, child
from stream.demo.embedded import embedded_broker, embedded_store, free_port
from stream.demo.story import Story
from stream.demo.traffic import produce, scenario_lines
from stream.settings import Settings, load_settings, variable

# About half of what one worker does beside its own broker, store and traffic on two cores.
RATE = 8_000.0
LONGEST_START_S = 60.0
LONGEST_END_S = 30.0
_read = msgspec.json.Decoder(DecisionWire).decode


class DemoError(SluicegateError):
    """The demo cannot go on; the message says why."""


async def demo(console: Console, scenario: Scenario, rate: float = RATE) -> Story:
    """Run all of it once. Raises ConfigurationError or DemoError where this machine cannot."""
    story = Story({truth.account_id: truth for truth in Population(scenario).truths()})
    async with AsyncExitStack() as stack:
        console.print("starting a broker, a store and a worker …")
        broker = stack.enter_context(embedded_broker())
        store = stack.enter_context(embedded_store())
        explicit = _explicit(broker.address, store.address)
        settings = load_settings(**explicit)
        await create_topics(settings)
        worker = stack.enter_context(_worker(settings, explicit))
        live = stack.enter_context(Live(console=console, refresh_per_second=4, transient=True))
        watchers = _watch_decisions(settings, story), _watch_worker(settings, story, live)
        await stack.enter_async_context(_beside(*watchers))
        await produce(settings, scenario_lines(scenario), rate, story.follow)
        await _caught_up(story, worker)
    return story


def _explicit(broker: str, store: str) -> dict[str, Any]:
    return {
        "kafka_bootstrap": broker,
        "store_url": store,
        "pepper": "demo only, never in production",
        "web_port": free_port(),
        # The embedded broker answers a group join after half of the session timeout.
        "session_timeout_ms": 6_000,
        "heartbeat_ms": 1_000,
        "partitions": 4,
    }


@asynccontextmanager
async def _beside(*watchers: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run the watchers for as long as the block lasts; what one raises ends it."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(watcher) for watcher in watchers]
        yield
        for task in tasks:
            task.cancel()


@contextmanager
def _worker(settings: Settings, explicit: dict[str, Any]) -> Iterator[Child]:
    """A real worker process, told everything by its environment."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(variable(""))}
    told = {variable(name): str(value) for name, value in explicit.items()}
    command = [sys.executable, "-m", "stream", "worker"]
    with (
        TemporaryDirectory(prefix="sluicegate-") as folder,
        child(
            "the worker",
            command,
            Path(folder),
            lambda: _healthy(settings),
            environ=inherited | told,
            start_limit=LONGEST_START_S,
        ) as running,
    ):
        yield running


def _healthy(settings: Settings) -> bool:
    try:
        with urlopen(_url(settings, "healthz"), timeout=1) as answer:  # noqa: S310 - http, loopback
            return bool(answer.status == HTTPStatus.OK)
    except OSError:
        return False


async def _caught_up(story: Story, worker: Child) -> None:
    deadline = monotonic() + LONGEST_END_S
    while story.handled < story.requests:
        worker.refuse_ended()
        if monotonic() > deadline:
            raise DemoError(f"the worker has not caught up within {LONGEST_END_S:.0f} s")
        await asyncio.sleep(0.1)


def _url(settings: Settings, page: str) -> str:
    return f"http://{settings.web_host}:{settings.web_port}/{page}"


async def _watch_decisions(settings: Settings, story: Story) -> None:
    consumer = AIOKafkaConsumer(
        settings.topic("decisions"), **kafka_options(settings), auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        async for message in consumer:
            story.note(_read(message.value))
    finally:
        await consumer.stop()


async def _watch_worker(settings: Settings, story: Story, live: Live) -> None:
    async with aiohttp.ClientSession() as session:
        while True:
            async with session.get(_url(settings, "metrics")) as answer:
                story.measure(list(text_string_to_metric_families(await answer.text())))
            live.update(story.picture())
            await asyncio.sleep(0.3)
