"""Real worker processes on a real broker and store, and all that comes out of them."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from prometheus_client.parser import text_string_to_metric_families

from schemas.decisions import DeadLetter
from schemas.wire import encode_decision
from stream.agents import Gate
from stream.broker.chunk import Chunk
from stream.broker.connections import kafka_options, store_client
from stream.broker.sinks import Placed
from stream.broker.topics import create_topics
from stream.decide.opening import open_court
from stream.decode.geography import Geography
from stream.decode.hashing import KeyedHasher
from stream.demo.embedded import free_port
from stream.demo.traffic import produce
from stream.lines import Line
from stream.local import LOCAL_PEPPER
from stream.metrics import Metrics
from stream.redis_store import RedisStore
from stream.settings import Settings, load_settings
from stream.store import Kind, MemoryStore
from stream.variables import variable
from tests.servers import Broker
from tests.topics import Topics

PATIENCE_S = 120.0  # for anything that a test waits for, on two busy cores

# The embedded pair always; Apache Kafka with Debian's redis-server where this machine has them.
on_both_pairs = pytest.mark.parametrize(
    ("broker", "store_url"),
    [
        pytest.param("embedded", "embedded", id="embedded"),
        pytest.param("kafka", "redis", id="kafka", marks=[pytest.mark.kafka, pytest.mark.redis]),
    ],
    indirect=True,
    scope="session",
)


@dataclass(slots=True)
class Worker:
    """A running worker, its web port and its log."""

    process: "subprocess.Popen[bytes]"
    port: int
    log: Path

    def kill(self) -> None:
        """End it as a power cut does."""
        self.process.kill()
        self.process.wait()

    async def stop(self) -> int:
        """Ask it to stop; its exit status."""
        self.process.terminate()
        return await asyncio.wait_for(asyncio.to_thread(self.process.wait), PATIENCE_S)

    async def healthy(self) -> bool:
        """Whether its web port answers."""
        with suppress(aiohttp.ClientError):
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"http://127.0.0.1:{self.port}/healthz") as answer,
            ):
                return answer.status == HTTPStatus.OK
        return False

    async def handled(self) -> int:
        """How many events it has handled; 0 while it does not answer."""
        return int(await self.metric("sluicegate_events", "sluicegate_account_events"))

    async def metric(self, *families: str) -> float:
        """What these counters have come to, whatever their labels; 0 while it does not answer."""
        with suppress(aiohttp.ClientError):
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"http://127.0.0.1:{self.port}/metrics") as answer,
            ):
                told = text_string_to_metric_families(await answer.text())
                samples = [s for family in told if family.name in families for s in family.samples]
                return sum(s.value for s in samples if s.name.endswith("_total"))
        return 0.0


@dataclass(slots=True)
class Live:
    """A consumer group, topics and an empty store of one test's own."""

    broker: Broker
    store_url: str
    folder: Path
    name: str
    options: dict[str, Any]
    workers: list[Worker] = field(default_factory=list)
    sent: int = 0

    def explicit(self) -> dict[str, Any]:
        """The settings, by name."""
        timeout = int(self.broker.session_timeout_s * 1_000)
        return {
            "kafka_bootstrap": self.broker.address,
            "store_url": self.store_url,
            "pepper": LOCAL_PEPPER.decode(),
            "group": self.name,
            "topic_prefix": f"{self.name}.",
            "partitions": 4,
            "decisions": "all",
            "log_level": "warning",
            "session_timeout_ms": timeout,
            "heartbeat_ms": timeout // 4,
            "commit_interval_ms": 100,  # tests wait for commits
            **self.options,
        }

    def settings(self) -> Settings:
        return load_settings(**self.explicit())

    def start(self, command: str = "worker") -> Worker:
        """Start one more worker, or linker, told everything by its environment."""
        port, number = free_port(), len(self.workers)
        told = {variable(k): str(v) for k, v in (self.explicit() | {"web_port": port}).items()}
        log = self.folder / f"worker-{number}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "stream", command],
                env=os.environ | told,
                cwd=self.folder,
                stdout=output,
                stderr=output,
            )
        self.workers.append(Worker(process, port, log))
        return self.workers[-1]

    async def until(self, reached: Callable[[], Any], *, every: float = 0.005) -> None:
        """Wait until `reached`, which may be a coroutine function; the logs tell why not."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not await _answer(reached):
                    self._refuse_crashed()
                    await asyncio.sleep(every)
        except TimeoutError:
            raise AssertionError(f"not reached in time:\n{self._logs()}") from None

    async def all_done(self) -> None:
        """Wait until every request in the topic has been handled and committed."""
        await self.until(self.idle, every=0.3)

    def _refuse_crashed(self) -> None:
        crashed = {w.process.poll() for w in self.workers} - {None, 0, -signal.SIGKILL}
        assert not crashed, f"a worker ended ({crashed}):\n{self._logs()}"

    def _logs(self) -> str:
        return "\n".join(w.log.read_text(errors="replace")[-2_000:] for w in self.workers[-3:])

    async def send(self, events: Iterable[Line], rate: float) -> None:
        """Send events at `rate` a second at most."""

        def count(burst: list[Line]) -> None:
            self.sent += len(burst)

        await produce(self.settings(), iter(events), rate, count)

    async def idle(self) -> bool:
        """Whether every event that was sent has been handled and committed."""
        topics, done = Topics(self.broker.address), 0
        for name in ("requests", "accounts"):
            done += sum((await topics.committed(self.name, self.settings().topic(name))).values())
        return done == self.sent

    async def records(self, name: str) -> dict[int, list[ConsumerRecord]]:
        """All that a topic of the contract holds, by partition."""
        return await Topics(self.broker.address).records(self.settings().topic(name))

    async def values(self, name: str) -> list[bytes]:
        """The messages of a topic of the contract."""
        parts = (await self.records(name)).values()
        return [record.value for part in parts for record in part]

    async def states(
        self, accounts: Sequence[str], kind: Kind = Kind.STATE
    ) -> dict[str, bytes | None]:
        """The packed states, or profiles, that the store holds."""
        store = RedisStore(store_client(self.settings()))
        try:
            return dict(zip(accounts, await store.load(accounts, kind), strict=True))
        finally:
            await store.close()

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[list[bytes]]:
        """The decisions so far, as they come."""
        settings = self.settings()
        topic, seen = settings.topic("decisions"), list[bytes]()
        async with AIOKafkaConsumer(**kafka_options(settings)) as consumer:
            consumer.assign([TopicPartition(topic, n) for n in range(settings.partitions)])
            await consumer.seek_to_beginning()
            task = asyncio.create_task(_follow(consumer, seen))
            try:
                yield seen
            finally:
                task.cancel()


@contextmanager
def living(
    broker: Broker, store_url: str, folder: Path, name: str, **options: Any
) -> Iterator[Live]:
    """Topics made and store emptied; kills at the end what still runs."""
    live = Live(broker, store_url, folder, name, options)
    asyncio.run(_prepare(live.settings()))
    try:
        yield live
    finally:
        for worker in live.workers:
            worker.kill()


async def _prepare(settings: Settings) -> None:
    await create_topics(settings)
    client = store_client(settings)
    await client.flushall()
    await client.aclose()


async def _answer(reached: Callable[[], Any]) -> Any:
    answer = reached()
    return await answer if asyncio.iscoroutine(answer) else answer


async def _follow(consumer: AIOKafkaConsumer, seen: list[bytes]) -> None:
    while True:
        for records in (await consumer.getmany(timeout_ms=1_000)).values():
            seen += [record.value for record in records]


def undated(decision: bytes) -> bytes:
    """A decision without the time at which it was worked out."""
    return re.sub(rb'"decided_at":\d+', b'"decided_at":0', decision)


@dataclass(slots=True)
class Kept:
    """A sink that keeps what it is given, and what a worker's state would be in the end."""

    decisions: list[bytes] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    states: dict[str, bytes] = field(default_factory=dict)

    async def emit(self, decisions: Sequence[Placed], letters: Sequence[DeadLetter]) -> None:
        self.decisions += [undated(encode_decision(decision)) for _, decision in decisions]
        self.letters += letters


async def undisturbed(
    settings: Settings, requests: dict[int, list[ConsumerRecord]], chunk: int = 1_000
) -> Kept:
    """What a worker makes of `requests` that nobody stops, in this process."""
    kept, store = Kept(), MemoryStore()
    gate = Gate(
        court=open_court(settings),
        hasher=KeyedHasher(settings.pepper_bytes()),
        geography=Geography(),
        store=store,
        sink=kept,
        metrics=Metrics(),
    )
    for partition, records in requests.items():
        for begin in range(0, len(records), chunk):
            part = records[begin : begin + chunk]
            topic = settings.topic("requests")
            await gate.handle(Chunk(topic, partition, part, len(records)))
    kept.states = store.states
    return kept
