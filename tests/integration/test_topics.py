"""Topics are made as the contract says, and differences are told, never changed."""

import asyncio

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from schemas.errors import ConfigurationError
from stream.broker.topics import (
    DAY_MS,
    FOREVER,
    Finding,
    TopicState,
    check_topics,
    create_topics,
    topics,
)
from stream.demo.embedded import embedded_broker, free_port
from stream.settings import Settings, load_settings
from tests.servers import Broker


@pytest.fixture
def settings(broker: Broker, topic: str) -> Settings:
    """Settings that point at the broker, with topics of this test's own."""
    return load_settings(kafka_bootstrap=broker.address, partitions=4, topic_prefix=f"{topic}.")


async def make(settings: Settings, topic: NewTopic) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap)
    await admin.start()
    try:
        await admin.create_topics([topic])
        async with asyncio.timeout(10):
            while topic.name not in await admin.list_topics():  # noqa: ASYNC110 - Kafka tells nobody
                await asyncio.sleep(0.02)
    finally:
        await admin.close()


def named(states: list[TopicState], name: str) -> TopicState:
    return next(state for state in states if state.name.endswith(f".{name}"))


def test_topics_are_the_contracts() -> None:
    """Names, cleanup and retention as the contract's table has them, and three of our own."""
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
        "sluicegate.audit": ("delete", FOREVER),
        "sluicegate.touches": ("delete", 31 * 86_400_000),
        "sluicegate.controls": ("compact", None),
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
    await make(settings, NewTopic(settings.topic("accounts"), 3, 1, topic_configs=config))
    state = named(await create_topics(settings), "accounts")
    assert (state.finding, state.usable) == (Finding.UNUSABLE, False)
    assert "3 partitions, SLUICEGATE_PARTITIONS is 4" in state.detail


async def test_a_wrong_cleanup_policy_is_told(settings: Settings) -> None:
    """Decisions that are only deleted would lose the latest word on quiet accounts."""
    config = {"cleanup.policy": "delete"}
    await make(settings, NewTopic(settings.topic("decisions"), 4, 1, topic_configs=config))
    state = named(await check_topics(settings), "decisions")
    assert state.detail == "cleanup.policy is delete: make it compact,delete"
    assert (state.usable, state.ok) == (True, False)


async def test_campaigns_may_have_other_partitions(settings: Settings) -> None:
    """Only the topics of accounts share their count."""
    config = {"cleanup.policy": "compact"}
    await make(settings, NewTopic(settings.topic("campaigns"), 1, 1, topic_configs=config))
    assert named(await check_topics(settings), "campaigns").finding is Finding.FITS


@pytest.mark.parametrize("name", ["touches", "controls"])
async def test_what_has_one_order_has_one_partition(settings: Settings, name: str) -> None:
    """The linker folds in the order of one partition, and would end where it finds more."""
    policy = {"touches": "delete", "controls": "compact"}[name]
    config = {"cleanup.policy": policy}
    await make(settings, NewTopic(settings.topic(name), 4, 1, topic_configs=config))
    state = named(await check_topics(settings), name)
    assert (state.finding, state.usable) == (Finding.UNUSABLE, False)
    assert state.detail.startswith("4 partitions, it must have 1")


@pytest.mark.parametrize(
    ("kept", "finding"),
    [(7 * DAY_MS, Finding.DIFFERS), (40 * DAY_MS, Finding.FITS), (FOREVER, Finding.FITS)],
)
async def test_touches_that_are_not_kept_long_enough_are_told(
    settings: Settings, kept: int, finding: Finding
) -> None:
    """A linker that starts anew would know less than the one before it."""
    config = {"cleanup.policy": "delete", "retention.ms": str(kept)}
    await make(settings, NewTopic(settings.topic("touches"), 1, 1, topic_configs=config))
    state = named(await check_topics(settings), "touches")
    assert (state.finding, state.usable) == (finding, True)


async def test_an_untold_policy_is_unknown() -> None:
    """The embedded broker tells only what was set; that is no reason to stop."""
    with embedded_broker() as server:
        settings = load_settings(kafka_bootstrap=server.address, partitions=4)
        await make(settings, NewTopic("sluicegate.requests", 4, 1))
        state = named(await check_topics(settings), "requests")
    assert (state.finding, state.ok) == (Finding.UNKNOWN, True)


async def test_a_refused_topic_is_told(settings: Settings, broker: Broker) -> None:
    """More copies than brokers: Kafka's own words come back."""
    if broker.name == "embedded":
        pytest.skip("the embedded broker takes any number of copies")
    states = await create_topics(settings.model_copy(update={"replication": 3}))
    assert {state.finding for state in states} == {Finding.REFUSED}
    assert "replication factor" in states[0].detail.lower()


async def test_sasl_reaches_the_broker(settings: Settings, broker: Broker) -> None:
    """The settings' user name and password open the listener that asks for them."""
    sasl = load_settings(**_sasl(broker, broker.password), topic_prefix=settings.topic_prefix)
    assert {state.finding for state in await check_topics(sasl)} == {Finding.MISSING}


async def test_a_wrong_sasl_password_is_a_clear_error(broker: Broker) -> None:
    """The setting is named, the password is not."""
    with pytest.raises(ConfigurationError, match="SLUICEGATE_KAFKA_BOOTSTRAP") as caught:
        await check_topics(load_settings(**_sasl(broker, "wrong-password")))
    assert "wrong-password" not in str(caught.value)


def _sasl(broker: Broker, password: str) -> dict[str, str]:
    if not broker.sasl:
        pytest.skip("the embedded broker asks nobody for a password")
    return {
        "kafka_bootstrap": broker.sasl,
        "kafka_security": "SASL_PLAINTEXT",
        "kafka_sasl_mechanism": "PLAIN",
        "kafka_sasl_username": broker.user,
        "kafka_sasl_password": password,
    }


async def test_no_broker_is_a_clear_error() -> None:
    """The setting and the address are in the message."""
    address = f"127.0.0.1:{free_port()}"
    with pytest.raises(ConfigurationError, match=f"SLUICEGATE_KAFKA_BOOTSTRAP: {address}"):
        await check_topics(load_settings(kafka_bootstrap=address))
