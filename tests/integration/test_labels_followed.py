"""Labels on a real broker: read whole by a linker that starts, and followed while it works."""

import asyncio
import json
from contextlib import AbstractAsyncContextManager

import pytest
from redis.asyncio import Redis

from schemas.decisions import Action
from stream.broker.chunk import Chunk
from stream.broker.following import following
from stream.decide.bars import Calibration
from stream.link.labels import Labels
from stream.link.published import KEY
from stream.link.published import follow as follow_bars
from stream.link.touches import encode_touch
from stream.linker_app import open_linking
from stream.metrics import Metrics
from stream.settings import load_settings
from tests.servers import Broker
from tests.topics import Topics
from tests.unit.gates import NOW, Raw
from tests.unit.test_link_labels import HIGH, population, said
from tests.waiting import until

PATIENCE_S = 60.0


def written(account: str, label: str, number: int = 0) -> bytes:
    """A label as a message."""
    event = said(account, label, NOW + number, number).model_dump(exclude_none=True)
    return json.dumps(event).encode()


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


async def test_labels_reach_the_bars(broker: Broker, store_url: str) -> None:
    """A linker's process as it is put together: six established accounts that score high were
    called abusive before it began, and raise no bar."""
    settings = load_settings(
        kafka_bootstrap=broker.address, store_url=store_url, topic_prefix="bars.", partitions=2
    )
    topics = Topics(broker.address)
    for topic in ("touches", "controls"):
        await topics.make(settings.topic(topic), 1)
    for topic in ("labels", "decisions", "campaigns", "dead-letters"):
        await topics.make(settings.topic(topic), 2)
    told = [written(name, "abuse") for name in HIGH]
    await topics.fill(settings.topic("labels"), {0: told[:3], 1: told[3:]})
    records = [Raw(n, None, encode_touch(one)) for n, one in enumerate(population(HIGH))]
    metrics = Metrics()
    async with open_linking(settings, metrics) as handlers:
        await handlers[settings.topic("touches")](
            Chunk(settings.topic("touches"), 0, records, len(records))
        )
    assert metrics.registry.get_sample_value("sluicegate_labelled", {"label": "abuse"}) == 6
    client = Redis.from_url(store_url)
    heard = asyncio.Queue[Calibration]()
    task = asyncio.create_task(follow_bars(client, heard.put_nowait, 0.01))
    bars = await asyncio.wait_for(heard.get(), PATIENCE_S)
    task.cancel()
    await client.delete(KEY)
    await client.aclose()
    assert bars.actions[Action.RESTRICT] == pytest.approx(0.1)
