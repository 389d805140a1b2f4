"""Real brokers and stores for the tests, each started once per session.

A test that asks for `broker` or `store_url` runs on the embedded one and on the real one. The
real ones are marked (`-m "not kafka and not redis"` leaves them out) and skipped, with what to
do, where this machine lacks them. With CI=true they fail instead: there they must run.
"""

import logging
import os
from collections.abc import Generator, Iterator
from pathlib import Path

import onnxruntime
import pytest
import structlog
from hypothesis import settings

from scorers.cuda import CUDA
from tests.servers import (
    Broker,
    embedded_broker,
    embedded_store,
    kafka_broker,
    missing,
    redis_store,
)

AT_FIRST = structlog.get_config()
LIBS = "SLUICEGATE_TEST_KAFKA_LIBS"
NO_GPU = "no CUDA: install the extra gpu in place of cpu, on a machine with an NVIDIA GPU"
NO_LIBS = f"run .ci/kafka-libs.sh FOLDER, then set {LIBS}=FOLDER"

# XGBoost's threads would spin while they wait for one another: on a machine whose cores are taken
# a training of half a second took half a minute. Read when XGBoost is loaded, here or in a process.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

# A busy machine is slow, and no test is about time.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """What needs a GPU is skipped without, in CI too, where there is none."""
    if item.get_closest_marker("gpu") and CUDA not in onnxruntime.get_available_providers():
        pytest.skip(NO_GPU)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a test that lacks its real server fails, with what to do."""
    report = yield
    real = any(item.get_closest_marker(name) for name in ("kafka", "redis"))
    if report.skipped and real and os.environ.get("CI") == "true":
        report.outcome, report.longrepr = "failed", f"skipped in CI: {report.longrepr}"
    return report


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """A command that a test runs in this process sends the logs to a stream that ends with it; a
    fixture of a whole module may have run one before this."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    structlog.configure(**AT_FIRST)
    yield
    structlog.configure(**AT_FIRST)
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(
    scope="session",
    params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)],
)
def broker(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Broker]:
    """A running broker: the embedded one, then Apache Kafka."""
    folder = tmp_path_factory.mktemp("broker")
    if request.param == "embedded":
        with embedded_broker(folder) as running:
            yield running
    else:
        with kafka_broker(folder, _kafka_libs()) as running:
            yield running


@pytest.fixture
def kafka_libs() -> Path:
    """The folder of Apache Kafka's jars, for a test that starts a broker of its own."""
    return _kafka_libs()


@pytest.fixture(
    scope="session",
    params=["embedded", pytest.param("redis", marks=pytest.mark.redis)],
)
def store_url(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The URL of a running store: the embedded one, then Debian's redis-server.

    One store serves the whole session: a test that needs an empty one flushes it.
    """
    if request.param == "embedded":
        with embedded_store() as url:
            yield url
    else:
        if missing("redis-server"):
            pytest.skip("no redis-server on the PATH: apt-get install redis-server")
        with redis_store(tmp_path_factory.mktemp("redis")) as url:
            yield url


def _kafka_libs() -> Path:
    libs = os.environ.get(LIBS)
    if not libs:
        pytest.skip(f"no Apache Kafka: {NO_LIBS}")
    if missing("java"):
        pytest.skip("no java on the PATH: Apache Kafka needs a JDK 17")
    if not any(Path(libs).glob("kafka_2.13-*.jar")):
        raise pytest.UsageError(f"{LIBS}={libs} holds no jar of Apache Kafka: {NO_LIBS}")
    return Path(libs)
