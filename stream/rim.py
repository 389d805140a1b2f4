"""The rim of a process of the stream: the store, the topics and the orders of people, opened."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaProducer

from stream.broker.connections import producer_options, store_client
from stream.broker.sinks import KafkaSink
from stream.broker.tombstones import Tombstones
from stream.controls.holding import holding
from stream.controls.table import Controls
from stream.decide.policy import Policy
from stream.govern.governor import Governor
from stream.govern.grants import RedisGrants
from stream.metrics import Metrics
from stream.patience import PatientGrants, PatientStore
from stream.redis_store import RedisStore
from stream.settings import Settings

if TYPE_CHECKING:
    from redis.asyncio import Redis, RedisCluster


@dataclass(frozen=True, slots=True)
class Rim:
    """What worker and linker read and write. client: the store's, for what is no Store's."""

    client: "Redis | RedisCluster"
    store: PatientStore
    sink: KafkaSink
    burial: Tombstones
    controls: Controls
    metrics: Metrics

    def governor(self, policy: Policy) -> Governor:
        """One that shares its grants with all workers and the linker."""
        grants = PatientGrants(RedisGrants(self.client), self.store)
        return Governor(policy, grants, self.controls, self.metrics)


@asynccontextmanager
async def open_rim(settings: Settings, metrics: Metrics) -> AsyncIterator[Rim]:
    """Connected when the block begins, orders known; closed at its end.

    Raises ConfigurationError when the orders cannot be read.
    """
    client = store_client(settings)
    redis, producer = RedisStore(client), AIOKafkaProducer(**producer_options(settings))
    try:
        await producer.start()
        async with holding(settings, client, metrics) as controls:
            yield Rim(
                client=client,
                store=PatientStore(redis, metrics),
                sink=KafkaSink(producer, settings.topic),
                burial=Tombstones(producer, settings.topic),
                controls=controls,
                metrics=metrics,
            )
    finally:
        await producer.stop()
        await redis.close()
