"""A broker, a store and worker processes on the same two cores, and what they tell."""

import asyncio
import http.client
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Literal

from prometheus_client.parser import text_string_to_metric_families

from bench.processes import children, cpu_seconds, thread_cpu_seconds, use_two_cores
from stream.broker.topics import create_topics
from stream.demo import embedded
from stream.settings import Settings, load_settings
from stream.variables import variable
from tests import servers

BrokerName = Literal["embedded", "kafka"]
StoreName = Literal["embedded", "redis"]

LIBS: Final = "SLUICEGATE_TEST_KAFKA_LIBS"  # the folder of Apache Kafka's jars
START_LIMIT_S: Final = 60.0
STOP_LIMIT_S: Final = 30.0
# What became of an event, all of it: a clamped one is counted as well.
HANDLED: Final = ("counted", "replayed", "repeated", "late", "malformed")
WORKER: Final = ("-m", "stream", "worker")


@dataclass(frozen=True, slots=True)
class Rig:
    """Servers that run. `explicit` are the settings of every process, `servers` their pids."""

    settings: Settings
    explicit: dict[str, Any]
    servers: dict[str, int]
    folder: Path


@dataclass(frozen=True, slots=True)
class Sample:
    """What the worker and the system tell at one moment; times in seconds."""

    at: float
    events: dict[str, int]
    stages: dict[str, float]
    batches: int
    decisions: int
    cpu: dict[str, float]
    loop_cpu: float
    """Of the worker's main thread, which runs the event loop."""

    @property
    def handled(self) -> int:
        return sum(self.events[outcome] for outcome in HANDLED)


@contextmanager
def open_rig(broker: BrokerName, store: StoreName, **explicit: Any) -> Iterator[Rig]:
    """Start both servers and create the topics; everything is gone when the block ends."""
    use_two_cores()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="sluicegate-bench-")))
        kafka_address, kafka_pid = stack.enter_context(_broker(broker, folder))
        store_url, store_pid = stack.enter_context(_store(store, folder))
        told = {
            "kafka_bootstrap": kafka_address,
            "store_url": store_url,
            "pepper": "benchmarks only, never in production",
            "web_port": embedded.free_port(),
            # The embedded broker answers a group join after half of the session timeout.
            "session_timeout_ms": 6_000,
            "heartbeat_ms": 1_000,
        } | explicit
        settings = load_settings(**told)
        asyncio.run(create_topics(settings))
        yield Rig(settings, told, {"broker": kafka_pid, "store": store_pid}, folder)


@contextmanager
def _broker(name: BrokerName, folder: Path) -> Iterator[tuple[str, int]]:
    if name == "embedded":
        with embedded.embedded_broker() as server:
            yield server.address, server.pid
        return
    before = children(os.getpid())
    with servers.kafka_broker(folder, Path(os.environ[LIBS])) as kafka:
        yield kafka.address, (children(os.getpid()) - before).pop()


@contextmanager
def _store(name: StoreName, folder: Path) -> Iterator[tuple[str, int]]:
    if name == "embedded":
        with embedded.embedded_store() as server:
            yield server.address, server.pid
        return
    before = children(os.getpid())
    with servers.redis_store(folder) as url:
        yield url, (children(os.getpid()) - before).pop()


class Process:
    """A worker process, ours or a peer that shows the same metrics."""

    def __init__(self, rig: Rig, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self._rig = rig
        self._process = process
        self._log = log
        self.pid = process.pid

    def sample(self) -> Sample:
        """Ask for its metrics, and the system for everybody's CPU time."""
        pids = {"worker": self.pid, **self._rig.servers}
        events: dict[str, int] = {}
        stages: dict[str, float] = {}
        batches = decisions = 0
        for family in text_string_to_metric_families(self._get("/metrics").decode()):
            for name, labels, value, *_ in family.samples:
                if name == "sluicegate_events_total":
                    events[labels["outcome"]] = int(value)
                elif name == "sluicegate_stage_seconds_sum":
                    stages[labels["stage"]] = value
                elif name == "sluicegate_decisions_total":
                    decisions += int(value)
                elif name == "sluicegate_batch_size_count":
                    batches = int(value)
        return Sample(
            at=time.monotonic(),
            events=events,
            stages=stages,
            batches=batches,
            decisions=decisions,
            cpu={name: cpu_seconds(pid) for name, pid in pids.items()},
            loop_cpu=thread_cpu_seconds(self.pid)[self.pid],
        )

    def until(self, done: Callable[[], Any], limit_s: float, every_s: float = 0.25) -> None:
        """Poll until `done`. RuntimeError with the end of the log when it ends or takes longer."""
        deadline = time.monotonic() + limit_s
        while not done():
            if self._process.poll() is not None or time.monotonic() > deadline:
                tail = self._log.read_text(errors="replace")[-3_000:]
                raise RuntimeError(f"{self._process.args!r} has ended or hangs:\n{tail}")
            time.sleep(every_s)

    def healthy(self) -> bool:
        """Whether it answers."""
        with suppress(OSError):
            return self._get("/healthz").startswith(b"ok\n")
        return False

    def latencies(self) -> dict[float, int]:
        """Sampled events by the upper bound of their latency, s: how many took at most so long."""
        families = text_string_to_metric_families(self._get("/metrics").decode())
        return {
            float(sample.labels["le"]): int(sample.value)
            for family in families
            for sample in family.samples
            if sample.name == "sluicegate_latency_seconds_bucket"
        }

    def _get(self, page: str) -> bytes:
        settings = self._rig.settings
        connection = http.client.HTTPConnection(settings.web_host, settings.web_port, timeout=10)
        try:
            connection.request("GET", page)
            return connection.getresponse().read()
        finally:
            connection.close()


@contextmanager
def running(rig: Rig, *command: str, **explicit: Any) -> Iterator[Process]:
    """A Python process with the rig's and `explicit` settings, ended by SIGTERM."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(variable(""))}
    told = {variable(name): str(value) for name, value in (rig.explicit | explicit).items()}
    log = rig.folder / "worker.log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, *(command or WORKER)],
            env=inherited | told,
            cwd=Path(__file__).parents[1],
            stdout=output,
            stderr=output,
        )
    worker = Process(rig, process, log)
    try:
        worker.until(worker.healthy, START_LIMIT_S)
        yield worker
    finally:
        process.terminate()
        try:
            process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
