"""Topics of the test's own and worker processes, on whichever broker the test runs, and an empty
store."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from stream.broker.connections import store_client
from stream.settings import load_settings
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


@pytest.fixture
async def empty_store(store_url: str) -> AsyncIterator[Any]:
    """A client of a store that holds nothing."""
    client = store_client(load_settings(store_url=store_url))
    await client.flushall()
    yield client
    await client.aclose()
