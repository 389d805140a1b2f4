"""The topics of the contract: what they must be, made where missing, checked where present.

Requests, accounts, labels and decisions share their partition count: one worker then owns
everything about an account, and is the single writer of its state.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from schemas.errors import ConfigurationError
from stream.broker.connections import kafka_options
from stream.settings import Settings
from stream.variables import variable

DAY_MS: Final = 86_400_000
TOUCHES_KEPT = 31 * DAY_MS  # a linker that starts reads what it may still need: 30 days
FOREVER: Final = -1
ANSWER_MS: Final = 10_000  # a person waits for this answer; aiokafka's default is 40 s
POLL_S: Final = 0.05
POLICY: Final = "cleanup.policy"
RETENTION: Final = "retention.ms"


@dataclass(frozen=True, slots=True)
class Topic:
    """What a topic must be; `retention_ms` is None where only compaction removes messages.

    fixed: why it must have exactly so many partitions; None where any number will do.
    """

    name: str
    partitions: int
    policy: frozenset[str]
    retention_ms: int | None
    fixed: str | None

    def config(self) -> dict[str, str]:
        """Kafka's topic configuration."""
        config = {POLICY: ",".join(sorted(self.policy))}
        return config if self.retention_ms is None else config | {RETENTION: str(self.retention_ms)}


class Finding(StrEnum):
    """What was found out about one topic."""

    CREATED = "created"
    FITS = "fits"
    MISSING = "missing"
    DIFFERS = "differs"  # can be worked with, but should be mended
    UNUSABLE = "unusable"
    UNKNOWN = "unknown"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class TopicState:
    """One topic's finding; `detail` says in words what is wrong and what to do."""

    name: str
    finding: Finding
    detail: str = ""

    @property
    def usable(self) -> bool:
        """Whether the worker may run on it."""
        return self.finding not in {Finding.MISSING, Finding.REFUSED, Finding.UNUSABLE}

    @property
    def ok(self) -> bool:
        """Whether there is nothing to mend."""
        return self.finding in {Finding.CREATED, Finding.FITS, Finding.UNKNOWN}


def topics(settings: Settings) -> list[Topic]:
    """Every topic of the contract, in its order."""
    delete, compact = frozenset({"delete"}), frozenset({"compact"})
    kept, decided = settings.retention_days * DAY_MS, settings.decisions_retention_days * DAY_MS
    shared = (
        f"{variable('partitions')} is {settings.partitions}: set it to what all topics of accounts "
        "have, or recreate this one"
    )
    table = (
        ("requests", delete, kept, shared),
        ("accounts", delete, kept, shared),
        ("labels", delete, FOREVER, shared),
        ("decisions", delete | compact, decided, shared),
        ("campaigns", compact, None, None),
        ("dead-letters", delete, kept, None),
        ("audit", delete, FOREVER, shared),
    )
    found = [
        Topic(settings.topic(name), settings.partitions, policy, retention, fixed)
        for name, policy, retention, fixed in table
    ]
    # One partition: the linker looks across accounts, and folds in one order; of two orders of
    # a person the last one holds.
    single = "it must have 1: remove it, and run `sluicegate topics`"
    return [
        *found,
        Topic(settings.topic("touches"), 1, delete, TOUCHES_KEPT, single),
        Topic(settings.topic("controls"), 1, compact, None, single),
    ]


async def check_topics(settings: Settings) -> list[TopicState]:
    """The state of every topic, nothing changed; ConfigurationError when no broker answers."""
    async with _admin(settings) as admin:
        present, missing = await _split(admin, topics(settings))
        hint = "run `sluicegate topics`"
        absent = [TopicState(topic.name, Finding.MISSING, hint) for topic in missing]
        return [*absent, *await _compare(admin, present)]


async def create_topics(settings: Settings) -> list[TopicState]:
    """Make the topics that are missing and check the others; never changes or removes one.

    Raises ConfigurationError when no broker answers.
    """
    async with _admin(settings) as admin:
        present, missing = await _split(admin, topics(settings))
        created = await _create(admin, missing, settings.replication)
        return [*created, *await _compare(admin, present)]


@asynccontextmanager
async def _admin(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(**kafka_options(settings), request_timeout_ms=ANSWER_MS)
    try:
        await admin.start()
        yield admin
    except (KafkaError, OSError) as error:
        what = str(error) or type(error).__name__
        raise ConfigurationError(
            f"{variable('kafka_bootstrap')}: {settings.kafka_bootstrap}: {what}"
        ) from error
    finally:
        await admin.close()


async def _split(
    admin: AIOKafkaAdminClient, wanted: list[Topic]
) -> tuple[list[Topic], list[Topic]]:
    # Not describe_topics: asking for a topic by name creates it where auto-creation is on.
    names = set(await admin.list_topics())
    present = [topic for topic in wanted if topic.name in names]
    return present, [topic for topic in wanted if topic.name not in names]


async def _create(
    admin: AIOKafkaAdminClient, missing: list[Topic], replication: int
) -> list[TopicState]:
    if not missing:
        return []
    new = [NewTopic(t.name, t.partitions, replication, topic_configs=t.config()) for t in missing]
    answer = await admin.create_topics(new)
    states = [_created(*error) for error in answer.topic_errors]
    await _await_visible(admin, {state.name for state in states if state.ok})
    return states


async def _await_visible(admin: AIOKafkaAdminClient, names: set[str]) -> None:
    # The controller answers before the brokers have learnt of the topic.
    async with asyncio.timeout(ANSWER_MS / 1_000):
        while not names <= set(await admin.list_topics()):  # noqa: ASYNC110 - Kafka tells nobody
            await asyncio.sleep(POLL_S)


def _created(name: str, code: int, message: str | None) -> TopicState:
    # Two workers may start at once; the other's topic was made from the same definition.
    if code in {0, TopicAlreadyExistsError.errno}:
        return TopicState(name, Finding.CREATED)
    return TopicState(name, Finding.REFUSED, message or for_code(code).__name__)


async def _compare(admin: AIOKafkaAdminClient, present: list[Topic]) -> list[TopicState]:
    if not present:
        return []
    names = [topic.name for topic in present]
    described = await admin.describe_topics(names)
    counts = {found["topic"]: len(found["partitions"]) for found in described}
    configs = await _configs(admin, names)
    return [_judge(topic, counts[topic.name], configs[topic.name]) for topic in present]


async def _configs(admin: AIOKafkaAdminClient, names: Iterable[str]) -> dict[str, dict[str, str]]:
    """What the broker tells of each topic's configuration."""
    # No list of wanted keys: the embedded broker (Tansu 0.6) hangs up on a request with one.
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    configs: dict[str, dict[str, str]] = {name: {} for name in names}
    for answer in await admin.describe_configs(resources):
        for _, _, _, name, entries in answer.resources:
            configs[name] |= {key: value for key, value, *_ in entries if value is not None}
    return configs


def _judge(topic: Topic, partitions: int, config: Mapping[str, str]) -> TopicState:
    if topic.fixed and partitions != topic.partitions:
        detail = f"{partitions} partitions, {topic.fixed}"
        return TopicState(topic.name, Finding.UNUSABLE, detail)
    if POLICY not in config:
        return TopicState(topic.name, Finding.UNKNOWN, f"the broker does not tell its {POLICY}")
    policy = frozenset(config[POLICY].replace(" ", "").split(","))
    if policy != topic.policy:
        detail = f"{POLICY} is {_text(policy)}: make it {_text(topic.policy)}"
        return TopicState(topic.name, Finding.DIFFERS, detail)
    if RETENTION in config and _is_shorter(int(config[RETENTION]), topic.retention_ms):
        detail = f"{RETENTION} is {config[RETENTION]}: make it {topic.retention_ms}"
        return TopicState(topic.name, Finding.DIFFERS, detail)
    return TopicState(topic.name, Finding.FITS)


def _is_shorter(kept: int, wanted: int | None) -> bool:
    if wanted is None or kept == FOREVER:
        return False
    return wanted == FOREVER or kept < wanted


def _text(policy: frozenset[str]) -> str:
    return ",".join(sorted(policy))
