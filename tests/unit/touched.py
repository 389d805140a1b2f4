"""Touches of hand-made populations: honest established accounts, and a ring that shares values."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from schemas.decisions import Campaign, DeadLetter
from schemas.events import LabelEvent
from schemas.features import CONDUCT_NAMES
from schemas.wire import DecisionWire
from stream.broker.sinks import Placed
from stream.broker.tombstones import Burial
from stream.controls.table import Controls
from stream.decide.bars import Calibration
from stream.decide.policy import Policy
from stream.decide.statute import Bars
from stream.govern.governor import Governor
from stream.link.kinds import KIND
from stream.link.labels import Labels
from stream.link.office import Office
from stream.link.portrait import TRAITS
from stream.link.touches import Touch, Value
from stream.link.weighing import Weights
from stream.metrics import Metrics
from stream.store import MemoryStore
from tests.unit.gates import DECIDED_AT, HOUR, MINUTE, NOW, POLICY

# Every ring is a campaign, and as good as certain: what finds campaigns is weighed elsewhere.
CERTAIN = Weights(8.0, np.zeros(len(TRAITS)), "certain")


def touch(account: str, ts: int = NOW, *shown: Value, **fields: Any) -> Touch:
    """A touch of an unproven account in its tenth request, unless said otherwise."""
    row = np.zeros(len(CONDUCT_NAMES), np.float16)
    for name, value in fields.pop("features", {}).items():
        row[CONDUCT_NAMES.index(name)] = value
    usual: dict[str, Any] = {
        "partition": 0,
        "score": 0.1,
        "peak": 0.1,
        "requests": 10,
        "tokens": 1_000,
        "tier": 0,
        "begun": ts - HOUR,
        "established": False,
        "country": "DE",
        "model": "m",
    }
    told = usual | {"event_id": f"{account}@{ts}"} | fields
    return Touch(account_id=account, ts=ts, row=row.tobytes(), values=list(shown), **told)


def value(kind: str, number: int) -> Value:
    """A value of a kind."""
    return KIND[kind], number


def honest(count: int, ts: int = NOW) -> Iterator[Touch]:
    """Established accounts; of each kind, two share a value by chance."""
    for number in range(count):
        own = (value(kind, 1_000 + number // 2) for kind in ("card", "template", "device"))
        yield touch(f"h{number:03}", ts + number, *own, established=True)


def ring(count: int, ts: int = NOW, name: str = "r") -> Iterator[Touch]:
    """Unproven accounts with one card and one template, named by rising number."""
    shared = value("card", hash_of(name)), value("template", hash_of(name))
    for number in range(count):
        yield touch(f"{name}{number:03}", ts + number * MINUTE, *shared)


def hours(count: int, begin: int) -> Iterator[Touch]:
    """An established account once an hour: each touch lets the linker search."""
    for number in range(count):
        yield touch("h000", begin + number * HOUR, *next(honest(1)).values, established=True)


def hash_of(name: str) -> int:
    """A number for the values of a ring."""
    return int.from_bytes(name.encode(), "big")


@dataclass(slots=True)
class Ear:
    """Hears what an office says."""

    decisions: list[DecisionWire] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    records: list[Campaign] = field(default_factory=list)
    bars: list[Bars] = field(default_factory=list)
    asks: list[float] = field(default_factory=list)
    posted: list[Campaign] = field(default_factory=list)
    labels: list[tuple[int, LabelEvent]] = field(default_factory=list)

    async def emit(self, decisions: Sequence[Placed], letters: Sequence[DeadLetter]) -> None:
        self.decisions += [decision for _, decision in decisions]
        self.letters += letters

    async def record(self, campaigns: Sequence[Campaign]) -> None:
        self.records += campaigns

    async def post(self, records: Sequence[Campaign]) -> None:
        self.posted += records

    async def label(self, labels: Sequence[tuple[int, LabelEvent]]) -> None:
        self.labels += labels

    async def heed(self, found: Calibration) -> None:
        self.bars.append(found.actions)
        self.asks.append(found.ask)


def office(
    ear: Ear,
    store: MemoryStore | None = None,
    weights: Weights = CERTAIN,
    controls: Controls | None = None,
    governor: Governor | None = None,
    burial: Burial | None = None,
    labels: Labels | None = None,
) -> Office:
    """An office in memory that acts on campaigns of four, under the orders of `controls`."""
    campaigns = POLICY["campaigns"] | {"fewest": 4}
    return Office(
        policy=Policy.model_validate(POLICY | {"campaigns": campaigns}),
        weights=weights,
        now=lambda: DECIDED_AT,
        store=MemoryStore() if store is None else store,
        sink=ear,
        heed=ear.heed,
        metrics=Metrics(),
        ask=0.05,
        post=ear.post,
        burial=burial,
        controls=controls,
        governor=governor,
        labels=labels,
    )


def numbered(touches: Sequence[Touch], begin: int = 0) -> list[tuple[int, Touch]]:
    """Touches with offsets."""
    return list(enumerate(touches, begin))
