"""A report of a live system reads the topics to where they stand, and is the same as of files."""

import json
from pathlib import Path

import pytest

from schemas.errors import ConfigurationError
from stream.broker.topics import create_topics
from stream.decode.geography import Geography
from stream.report.reporting import report
from stream.report.sources import TopicSource
from stream.settings import Settings, load_settings
from tests.servers import Broker
from tests.topics import Topics
from tests.unit.reports import COMMISSION, STORY, made

# The embedded broker's end offsets are below what it holds.
pytestmark = pytest.mark.parametrize(
    "broker", [pytest.param("kafka", marks=pytest.mark.kafka)], indirect=True
)


@pytest.fixture
def settings(broker: Broker, topic: str) -> Settings:
    """Settings that point at the broker, with topics of this test's own."""
    return load_settings(kafka_bootstrap=broker.address, partitions=2, topic_prefix=f"{topic}.")


async def test_topics_tell_what_files_tell(settings: Settings, tmp_path: Path) -> None:
    """Whatever partition a message lies in; a tombstone tells nothing."""
    await create_topics(settings)
    topics = Topics(settings.kafka_bootstrap)
    for name, messages in STORY.items():
        bodies = [json.dumps(message).encode() for message in messages]
        parts = {0: [b for b in bodies if b"ada" in b], 1: [b for b in bodies if b"ada" not in b]}
        # Compacted topics take no message without a key.
        await topics.fill(settings.topic(name), parts, [b"first", b"second", b"third"])
    await topics.fill(settings.topic("decisions"), {1: [None]}, [b"gone"])
    live = await report(TopicSource(settings), tmp_path / "live", COMMISSION, Geography())
    files = await made(tmp_path / "files")
    assert live.found == files.found
    assert live.unreadable == {}


async def test_a_missing_topic_is_named(settings: Settings, tmp_path: Path) -> None:
    """And none is made."""
    with pytest.raises(ConfigurationError, match=r"no topic .*accounts: run `sluicegate topics`"):
        await report(TopicSource(settings), tmp_path / "out", COMMISSION, Geography())
