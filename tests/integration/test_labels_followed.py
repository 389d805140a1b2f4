"""Labels on a real broker: read whole by a linker that starts, and followed while it works."""

import asyncio
import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from stream.broker.following import following
from stream.link.labels import Labels
from stream.settings import load_settings
from tests.servers import Broker
from tests.topics import Topics
from tests.unit.gates import NOW
from tests.unit.test_link_labels import said

PATIENCE_S = 60.0


def written(account: str, label: str, number: int = 0) -> bytes:
    """A label as a message."""
    event = said(account, label, NOW + number, number).model_dump(exclude_none=True)
    return json.dumps(event).encode()


async def until(true: Callable[[], bool]) -> None:
    """Wait for what another task brings about."""
    async with asyncio.timeout(PATIENCE_S):
        while not true():  # noqa: ASYNC110 - a table tells nobody that it has changed
            await asyncio.sleep(0.01)


async def test_a_linker_knows_every_label(broker: Broker) -> None:
    """Of all partitions: those that stood there, and those that come; again after a restart."""
    settings = load_settings(kafka_bootstrap=broker.address, topic_prefix="followed.", partitions=2)
    topics, name = Topics(broker.address), settings.topic("labels")
    await topics.make(name, 2)
    old = {0: [written("a", "abuse"), b"garbage"], 1: [written("b", "benign")]}
    await topics.fill(name, old)

    def follow(labels: Labels) -> AbstractAsyncContextManager[None]:
        return following(settings, "labels", 2, lambda record: labels.read(record.value))

    first, second = Labels(), Labels()
    async with follow(first):
        assert first.by(NOW) == {"a": True, "b": False}
        await topics.fill(name, {0: [written("a", "benign", 1)], 1: [written("c", "abuse", 1)]})
        await until(lambda: len(first.by(NOW + 1)) == 3)
    async with follow(second):
        assert second.by(NOW + 1) == first.by(NOW + 1) == {"a": False, "b": False, "c": True}
