"""Topics of the test's own and worker processes, on whichever broker the test runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.workers import Workers, ending
from tests.servers import Broker
from tests.topics import Topics


@pytest.fixture
def topics(broker: Broker) -> Topics:
    """The broker's topics."""
    return Topics(broker.address)


@pytest.fixture
def topic(request: pytest.FixtureRequest) -> str:
    """A topic name that no other test uses."""
    module = request.module.__name__.rpartition(".")[2]
    return f"{module}-{request.node.name}".replace("[", "-").replace("]", "")


@pytest.fixture
def workers(broker: Broker, tmp_path: Path, topic: str) -> Iterator[Workers]:
    """Starts workers of a group of the test's own."""
    with ending(
        Workers(tmp_path, broker.address, broker.session_timeout_s, group=topic)
    ) as started:
        yield started
