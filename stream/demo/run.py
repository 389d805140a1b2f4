"""The demo: all of sluicegate and its traffic on this machine, told in the terminal."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import groupby
from time import monotonic
from typing import Any

import aiohttp
import msgspec
from aiokafka import AIOKafkaConsumer
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console
from rich.live import Live

from edge.demo.run import demo_api
from schemas.decisions import Campaign
from schemas.errors import SluicegateError
from schemas.wire import DecisionWire
from simulate.population import Population
from simulate.scenarios import Scenario
from stream.broker.connections import kafka_options
from stream.broker.topics import create_topics
from stream.demo.child import Child
from stream.demo.customers import Customers
from stream.demo.embedded import embedded_broker, embedded_store
from stream.demo.picture import Picture
from stream.demo.processes import Process, all_ready, process
from stream.demo.story import Story, total
from stream.demo.traffic import produce, scenario_lines
from stream.demo.visitors import Visitors
from stream.lines import Line
from stream.settings import Settings, load_settings

# What one worker and one linker keep up with on two cores, beside broker, store and all the rest.
RATE = 8_000.0
LONGEST_END_S = 60.0
EVERY_S = 0.3
_read = msgspec.json.Decoder(DecisionWire).decode


class DemoError(SluicegateError):
    """The demo cannot go on; the message says why."""


async def demo(console: Console, scenario: Scenario, rate: float = RATE) -> Picture:
    """Run all of it once. Raises ConfigurationError or DemoError where this machine cannot."""
    population = Population(scenario)
    story, customers = Story(population.truths()), Customers(population)
    async with AsyncExitStack() as stack:
        console.print("starting a broker, a store, a worker, a linker, an edge and an API …")
        broker = stack.enter_context(embedded_broker())
        store = stack.enter_context(embedded_store())
        told = _told(broker.address, store.address)
        settings = load_settings(**told)
        await create_topics(settings)
        api = stack.enter_context(demo_api(store.address))
        worker, linker, webhooks = (
            stack.enter_context(process(command, told | {"webhooks": api.webhooks}))
            for command in ("worker", "linker", "webhooks")
        )
        children = [*api.processes, worker.child, linker.child, webhooks.child]
        await all_ready(children)
        visitors = Visitors(api, scenario.seed)
        picture = Picture(story, visitors, customers)
        live = stack.enter_context(Live(console=console, refresh_per_second=4, transient=True))
        watch = Watch(settings, story, customers, worker, linker)
        watchers = watch.decisions(), watch.campaigns(), watch.metrics(live, picture)
        await stack.enter_async_context(_beside(children, *watchers, visitors.visit()))

        def follow(burst: list[Line]) -> None:
            story.follow(burst)
            visitors.follow(burst)

        # What is older than the run comes first: a worker that has just begun has something to
        # join its group by, and is in time for the requests.
        events = customers.joining(scenario_lines(scenario))
        for _, stretch in groupby(events, lambda line: line.ts >= scenario.start):
            story.began = monotonic()
            await produce(settings, stretch, rate, follow)
            await watch.caught_up()
    return picture


def _told(broker: str, store: str) -> dict[str, Any]:
    return {
        "kafka_bootstrap": broker,
        "store_url": store,
        "pepper": "demo only, never in production",
        # The embedded broker answers a group join after half of the session timeout.
        "session_timeout_ms": 6_000,
        "heartbeat_ms": 1_000,
        "partitions": 4,
    }


@asynccontextmanager
async def _beside(
    children: Sequence[Child], *watchers: Coroutine[Any, Any, None]
) -> AsyncIterator[None]:
    """Run the watchers for as long as the block lasts; what one raises ends it.

    Raises ConfigurationError, with its last words, when a child has ended.
    """
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(watcher) for watcher in watchers]
            yield
            for task in tasks:
                task.cancel()
    except ExceptionGroup as errors:
        for one in children:
            one.refuse_ended()
        if told := errors.subgroup(SluicegateError):
            raise told.exceptions[0] from errors
        raise


@dataclass(slots=True)
class Watch:
    """Takes what comes out into the story, and tells when that is all."""

    settings: Settings
    story: Story
    readers: Customers
    worker: Process
    linker: Process
    behind: bool = True

    async def decisions(self) -> None:
        """Read decisions as they come; customers are told of theirs."""
        async for body in self._messages("decisions"):
            decision = _read(body)
            self.story.note(decision)
            self.readers.read(decision)

    async def campaigns(self) -> None:
        """Read records of campaigns as they come."""
        async for body in self._messages("campaigns"):
            self.story.record(Campaign.model_validate_json(body))

    async def _messages(self, name: str) -> AsyncIterator[bytes]:
        options = kafka_options(self.settings)
        topic = self.settings.topic(name)
        consumer = AIOKafkaConsumer(topic, **options, auto_offset_reset="earliest")
        await consumer.start()
        try:
            async for message in consumer:
                yield message.value
        finally:
            await consumer.stop()

    async def metrics(self, live: Live, picture: Picture) -> None:
        """Ask both processes how far they are, and show the picture."""
        async with aiohttp.ClientSession() as session:
            while True:
                worker, linker = [await _scrape(session, p) for p in (self.worker, self.linker)]
                self.story.measure(worker)
                self.behind = not self._is_through(worker, linker)
                live.update(picture.live())
                await asyncio.sleep(EVERY_S)

    def _is_through(self, worker: list[Metric], linker: list[Metric]) -> bool:
        """Whether every event was handled, and every decision about it read."""
        story = self.story
        written = sum(total(one, "sluicegate_decisions_total") for one in (worker, linker))
        return (
            story.handled >= story.requests
            and total(worker, "sluicegate_account_events_total") >= story.account_events
            and total(linker, "sluicegate_touches_folded_total")
            >= total(worker, "sluicegate_touches_total")
            and sum(len(told) for told in story.decisions.values()) >= written
        )

    async def caught_up(self) -> None:
        """Return once nothing is under way. Raises DemoError when that takes too long."""
        deadline = monotonic() + LONGEST_END_S
        self.behind = True  # what was found before the last event says nothing
        while self.behind:
            for one in (self.worker, self.linker):
                one.child.refuse_ended()
            if monotonic() > deadline:
                raise DemoError(f"not everything was worked out within {LONGEST_END_S:.0f} s")
            await asyncio.sleep(0.1)


async def _scrape(session: aiohttp.ClientSession, process: Process) -> list[Metric]:
    async with session.get(f"{process.url}/metrics") as answer:
        return list(text_string_to_metric_families(await answer.text()))
