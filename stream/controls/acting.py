"""Acting: an order is written to the topic first, then told to whom it is about.

A crash between the two loses nothing: whoever decides follows the topic, and tells the account at
its next event what it was to be told here.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Final, Protocol

import msgspec
import numpy as np
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.partitioner import DefaultPartitioner

from schemas.controls import (
    Control,
    Override,
    Switch,
    control_id,
    decode_control,
    encode_control,
)
from schemas.decisions import Action
from schemas.errors import ConfigurationError
from schemas.events import LabelEvent
from schemas.wire import DecisionWire, encode_decision
from stream.broker.connections import producer_options, store_client
from stream.broker.sinks import KafkaSink, LabelSink, Sink
from stream.bundles.following import following_policy
from stream.bundles.opening import chosen_policy
from stream.controls.following import following
from stream.controls.mirror import put
from stream.controls.reasons import ordered
from stream.controls.table import Controls
from stream.decide.court import wall_clock
from stream.decide.policy import Policy
from stream.decide.scribe import decision_id
from stream.decide.statute import Statute
from stream.know.profiles import know
from stream.redis_store import RedisStore
from stream.settings import Settings
from stream.store import Current, Kind, Store
from stream.variables import variable

# Begins every packed value of an account: epoch and partition of the events that it holds.
_PLACE: Final = slice(2, 4)
_FIRST: Final = np.zeros(1, np.int64)

log = structlog.get_logger()


class OrderSink(Sink, LabelSink, Protocol):
    """Takes orders and labels as well."""

    async def order(self, control: Control) -> None:
        """Write it. Raises EmitError when that is not certain."""


class _Standing(msgspec.Struct):
    """What an override takes over from the decision that it takes the place of."""

    score: float = 0.0
    kyc_score: float = 0.0
    model_version: str = ""
    campaign_id: str | None = None


_standing = msgspec.json.Decoder(_Standing).decode


class Acting:
    """Carries out orders. `mirror`: puts a switch where the edge looks; `partitions`: of the
    topics of accounts."""

    def __init__(
        self,
        *,
        sink: OrderSink,
        store: Store,
        mirror: Callable[[Switch], Awaitable[None]],
        controls: Controls,
        policy: Policy,
        partitions: int,
        now: Callable[[], int] = wall_clock,
    ) -> None:
        self.controls = controls
        self.now = now
        self._sink = sink
        self._store = store
        self._mirror = mirror
        self.obey(policy)
        self._partitions = list(range(partitions))
        self._partition = DefaultPartitioner()

    def obey(self, policy: Policy) -> None:
        """Tell accounts by another policy from now on."""
        self._policy, self._statute = policy, Statute(policy)

    async def publish(self, control: Control) -> None:
        """Let an order hold. Raises MalformedEventError where no reader would take it, EmitError,
        and StoreError when the edge was not told."""
        decode_control(encode_control(control))
        await self._sink.order(control)
        self.controls.take(control)
        log.warning("control.ordered", key=control.key, author=control.author)
        if isinstance(control, Switch):
            await self._mirror(control)

    async def override(self, override: Override) -> None:
        """Let an override hold or end, and tell the account at once; of a network or an
        organisation each account is told at its next request. Raises EmitError or StoreError."""
        await self.publish(override)
        if override.subject == "account":
            await self._tell(override)

    async def decision(self, account: str) -> bytes | None:
        """The decision that stands about an account. Raises StoreError."""
        return await self._store.decision(account)

    async def label(self, label: LabelEvent) -> None:
        """Tell what a person found out about an account. Raises EmitError or StoreError."""
        await self._sink.label([(await self._place(label.account_id), label)])

    async def _tell(self, override: Override) -> None:
        account = override.value
        decision = await self._decision(override)
        await self._sink.emit([(await self._place(account), decision)], [])
        lifetime = max(1, decision.expires_at - override.ts)
        await self._store.decree(account, Current(encode_decision(decision), lifetime))

    async def _decision(self, override: Override) -> DecisionWire:
        account, ts = override.value, override.ts
        held = await self._store.decision(account)
        stands = _standing(held) if held else _Standing()
        (profile,) = await self._store.load([account], Kind.PROFILE)
        action = Action.ALLOW if override.lifted else override.action
        answer, name = self._statute.answer(action), control_id(override)
        ends = ts + self._policy.lifetimes[action] if override.lifted else override.expires_at
        return DecisionWire(
            decision_id=decision_id(account, name, stands.model_version, self._policy.version),
            account_id=account,
            event_id=name,
            cause="override",
            ts=ts,
            decided_at=self.now(),
            action=action,
            score=stands.score,
            kyc_tier=int(know([profile]).tier(_FIRST, np.array([ts]))[0]),
            kyc_score=stands.kyc_score,
            reasons=[ordered(override)],
            model_version=stands.model_version,
            policy_version=self._policy.version,
            mode=self.controls.mode,
            expires_at=ends,
            limits=answer.limits,
            restrictions=answer.restrictions,
            requirements=answer.requirements,
            campaign_id=stands.campaign_id,
        )

    async def _place(self, account: str) -> int:
        """The partition of an account: where its events came from, however the gateway chose."""
        for kind in (Kind.STATE, Kind.PROFILE):
            (value,) = await self._store.load([account], kind)
            place = int.from_bytes(value[_PLACE], "big") if value else len(self._partitions)
            if place < len(self._partitions):
                return place
        every = self._partitions
        return int(self._partition(account.encode(), every, every))


@asynccontextmanager
async def open_acting(settings: Settings, controls: Controls) -> AsyncIterator[Acting]:
    """Who carries out orders, knowing all that hold, with connections closed at the end.

    Raises ConfigurationError when the broker cannot be reached, and PolicyError.
    """
    policy = chosen_policy(settings)
    client, producer = store_client(settings), AIOKafkaProducer(**producer_options(settings))
    try:
        try:
            await producer.start()
        except KafkaError as error:
            raise ConfigurationError(f"{variable('kafka_bootstrap')}: {error!r}") from error
        acting = Acting(
            sink=KafkaSink(producer, settings.topic),
            store=RedisStore(client),
            mirror=partial(put, client),
            controls=controls,
            policy=policy,
            partitions=settings.partitions,
        )
        async with (
            following(settings, controls.take, controls.forget),
            following_policy(settings, acting.obey),
        ):
            yield acting
    finally:
        await producer.stop()
        await client.aclose()
