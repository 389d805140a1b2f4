"""Topics are made as the contract says, and differences are told, never changed."""

from collections.abc import Iterator

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from schemas.errors import ConfigurationError
from stream.embedded import embedded_broker, free_port
from stream.settings import Settings, load_settings
from stream.topics import FOREVER, Finding, TopicState, check_topics, create_topics, topics


@pytest.fixture
def settings() -> Iterator[Settings]:
    """Settings that point at a broker of this test's own."""
    with embedded_broker() as broker:
        yield load_settings(kafka_bootstrap=broker.address, partitions=4)


async def make(settings: Settings, topic: NewTopic) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap)
    await admin.start()
    try:
        await admin.create_topics([topic])
    finally:
        await admin.close()


def named(states: list[TopicState], name: str) -> TopicState:
    return next(state for state in states if state.name == f"sluicegate.{name}")


def test_topics_are_the_contracts() -> None:
    """Names, cleanup and retention as the contract's table has them."""
    table = {
        topic.name: (",".join(sorted(topic.policy)), topic.retention_ms)
        for topic in topics(load_settings(retention_days=1, decisions_retention_days=2))
    }
    assert table == {
        "sluicegate.requests": ("delete", 86_400_000),
        "sluicegate.accounts": ("delete", 86_400_000),
        "sluicegate.labels": ("delete", FOREVER),
        "sluicegate.decisions": ("compact,delete", 172_800_000),
        "sluicegate.campaigns": ("compact", None),
        "sluicegate.dead-letters": ("delete", 86_400_000),
    }


async def test_missing_topics_are_made(settings: Settings) -> None:
    """After the first run a check finds every one fitting."""
    assert {state.finding for state in await create_topics(settings)} == {Finding.CREATED}
    assert {state.finding for state in await check_topics(settings)} == {Finding.FITS}


async def test_a_check_makes_nothing(settings: Settings) -> None:
    """Looking twice finds every topic missing twice: not even auto-creation is set off."""
    await check_topics(settings)
    states = await check_topics(settings)
    assert {state.finding for state in states} == {Finding.MISSING}
    assert not any(state.ok for state in states)


async def test_making_them_twice_changes_nothing(settings: Settings) -> None:
    """The command may run at every start."""
    await create_topics(settings)
    states = await create_topics(settings)
    assert {state.finding for state in states} == {Finding.FITS}
    assert all(state.ok for state in states)


async def test_a_wrong_partition_count_is_told(settings: Settings) -> None:
    """A topic of accounts that is not co-partitioned with the rest must not be run on."""
    config = {"cleanup.policy": "delete"}
    await make(settings, NewTopic("sluicegate.accounts", 3, 1, topic_configs=config))
    state = named(await create_topics(settings), "accounts")
    assert (state.finding, state.ok) == (Finding.DIFFERS, False)
    assert "3 partitions, SLUICEGATE_PARTITIONS is 4" in state.detail


async def test_a_wrong_cleanup_policy_is_told(settings: Settings) -> None:
    """Decisions that are only deleted would lose the latest word on quiet accounts."""
    config = {"cleanup.policy": "delete"}
    await make(settings, NewTopic("sluicegate.decisions", 4, 1, topic_configs=config))
    state = named(await check_topics(settings), "decisions")
    assert state.detail == "cleanup.policy is delete: make it compact,delete"


async def test_campaigns_may_have_other_partitions(settings: Settings) -> None:
    """Only the topics of accounts share their count."""
    config = {"cleanup.policy": "compact"}
    await make(settings, NewTopic("sluicegate.campaigns", 1, 1, topic_configs=config))
    assert named(await check_topics(settings), "campaigns").finding is Finding.FITS


async def test_an_untold_policy_is_unknown(settings: Settings) -> None:
    """A broker that does not tell a topic's policy is no reason to stop."""
    await make(settings, NewTopic("sluicegate.requests", 4, 1))
    state = named(await check_topics(settings), "requests")
    assert (state.finding, state.ok) == (Finding.UNKNOWN, True)


async def test_no_broker_is_a_clear_error() -> None:
    """The setting and the address are in the message."""
    address = f"127.0.0.1:{free_port()}"
    with pytest.raises(ConfigurationError, match=f"SLUICEGATE_KAFKA_BOOTSTRAP: {address}"):
        await check_topics(load_settings(kafka_bootstrap=address))
