"""Requests as records, a model that says what it is told, and gates that keep what they emit."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kyc.facts import Reading
from kyc.lists.lookups import Lists
from kyc.signals import NAMES
from schemas.decisions import DeadLetter
from schemas.features import FEATURE_NAMES
from schemas.wire import DecisionWire
from stream.agents import Gate, Outlet, Witness
from stream.broker.chunk import Chunk, Handle
from stream.broker.sinks import Placed
from stream.broker.tombstones import Burial
from stream.controls.table import Controls
from stream.decide.court import Court
from stream.decide.judge import Judge
from stream.decide.policy import Policy
from stream.decide.statute import Statute
from stream.decode.geography import Geography
from stream.decode.hashing import KeyedHasher
from stream.govern.governor import Governor
from stream.know.accounts import Registry
from stream.know.again import SecondLooks
from stream.know.assessor import Assessor
from stream.know.census import MemoryCensus
from stream.know.departed import Departed
from stream.know.inquiry import Inquiry
from stream.lines import ACCOUNTS, REQUESTS
from stream.metrics import Metrics
from stream.store import MemoryStore, Store
from tests.unit import identities

NOW = 1_780_000_000_000
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
DECIDED_AT = 1_790_000_000_000

POLICY: dict[str, Any] = {
    "version": "test",
    "thresholds": {
        0: {"restrict": 0.5, "rate_limit": 0.7, "step_up": 0.85, "block": 0.98},
        1: {"restrict": 0.6, "rate_limit": 0.8, "step_up": 0.9, "block": 0.99},
        2: {"restrict": 0.8, "rate_limit": 0.92, "step_up": 0.97},
        3: {"rate_limit": 0.98},
    },
    "campaigns": {
        "thresholds": {
            0: {"restrict": 0.6, "rate_limit": 0.75, "step_up": 0.88, "block": 0.97},
            1: {"restrict": 0.6, "rate_limit": 0.8, "step_up": 0.92},
            2: {"restrict": 0.7, "step_up": 0.95},
            3: {"rate_limit": 0.97},
        },
        "fewest": 6,
        "proven_conduct": 0.5,
    },
    "budget": {"friction": 0.005, "block": 0.001},
    "hysteresis": 0.8,
    "lifetimes": {
        "allow": "1d",
        "restrict": "1d",
        "rate_limit": "12h",
        "step_up": "7d",
        "block": "7d",
    },
    "block_evidence": {"kinds": 2, "weight": 0.25},
    "restrictions": ["hide_reasoning", "no_batch"],
    "limits": {"requests_per_minute": 6, "tokens_per_minute": 20_000},
    "requirements": ["verify_email"],
}


class Raw(NamedTuple):
    """A record of the requests topic."""

    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: int = -1


def request(offset: int, account: str = "ada", ts: int = NOW, **fields: Any) -> Raw:
    """A request whose id is its offset, unless given."""
    event = {"event_id": f"e{offset}", "account_id": account, "ts": ts, "model": "m", **fields}
    return Raw(offset, account.encode(), json.dumps(event).encode())


def chunk(*records: Raw, partition: int = 0, highwater: int = 1_000_000) -> Chunk:
    """Records as one chunk."""
    return Chunk("sluicegate.requests", partition, records, highwater)


@dataclass(slots=True)
class Told:
    """A model of the same score and contributions (by feature) for every row."""

    value: float = 0.0
    weights: dict[str, float] = field(default_factory=dict)
    version: str = "told"

    def score(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        return np.full(len(rows), self.value)

    def contributions(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        one = [self.weights.get(name, 0.0) for name in FEATURE_NAMES]
        return np.tile(np.array(one, np.float32), (len(rows), 1))


def court(model: Told, *, every: bool = False, **policy: Any) -> Court:
    """A court of the policy above, changed as given."""
    statute = Statute(Policy.model_validate(POLICY | policy))
    return Court(
        model,  # type: ignore[arg-type]  # a stand-in with the same two methods
        statute,
        every=every,
        now=lambda: DECIDED_AT,
    )


@dataclass(slots=True)
class ListSink:
    """Keeps what is emitted; `fails` is raised in its stead."""

    decisions: list[DecisionWire] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    fails: Exception | None = None

    async def emit(self, decisions: Sequence[Placed], letters: Sequence[DeadLetter]) -> None:
        if self.fails:
            raise self.fails
        self.decisions += [decision for _, decision in decisions]
        self.letters += letters


@dataclass(slots=True)
class Suspicious:
    """A model of identity: each account whose signal has its value or more is suspicious."""

    value: float = 0.0
    by: str = ""
    at_least: float = 0.0
    weights: dict[str, float] = field(default_factory=dict)
    version: str = "suspicious"

    def score(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        seen = rows[:, NAMES.index(self.by)] if self.by else np.zeros(len(rows))
        return np.where(seen >= self.at_least, self.value, 0.0)

    def contributions(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        one = [self.weights.get(name, 1.0 if name == self.by else 0.0) for name in NAMES]
        return np.tile(np.array(one, np.float32), (len(rows), 1))


def registry(
    sink: ListSink,
    store: Store | None = None,
    *,
    metrics: Metrics | None = None,
    epoch: int = 0,
    pepper: bytes = b"pepper",
    geography: Geography | None = None,
    scorer: Suspicious | None = None,
    census: MemoryCensus | None = None,
    controls: Controls | None = None,
    governor: Governor | None = None,
) -> Registry:
    """A registry in memory, of a stream of which enough is known."""
    policy, hasher, held = identities.POLICY, KeyedHasher(pepper), controls or Controls()
    locate = (geography or Geography()).locate
    assessor = Assessor(scorer or Suspicious(), policy, controls=held, now=lambda: DECIDED_AT)
    kept = MemoryStore() if store is None else store
    counted = MemoryCensus() if census is None else census
    assessor.heed(0.0)  # the policy's threshold alone, as if enough was known of the stream
    return Registry(
        Reading(hasher, locate, Lists(), policy.famous_mail),
        Inquiry(assessor, counted, kept, controls=held, governor=governor),
        kept,
        sink,
        metrics or Metrics(),
        epoch,
    )


def handlers(judge: Judge, sink: ListSink) -> dict[str, Handle]:
    """What a replay asks for: a gate and a registry of one store."""
    store = MemoryStore()
    return {
        REQUESTS: gate(judge, sink, store).handle,
        ACCOUNTS: registry(sink, store).handle,
    }


def gate(
    judge: Judge,
    sink: ListSink,
    store: Store | None = None,
    *,
    metrics: Metrics | None = None,
    epoch: int = 0,
    outlet: Outlet | None = None,
    witness: Witness | None = None,
    controls: Controls | None = None,
    governor: Governor | None = None,
    burial: Burial | None = None,
    departed: Departed | None = None,
    looks: SecondLooks | None = None,
) -> Gate:
    """A gate in memory."""
    return Gate(
        court=judge,
        hasher=KeyedHasher(b"pepper"),
        geography=Geography(),
        store=MemoryStore() if store is None else store,
        sink=sink,
        metrics=metrics or Metrics(),
        epoch=epoch,
        outlet=outlet,
        witness=witness,
        controls=controls,
        governor=governor,
        burial=burial,
        departed=departed,
        looks=looks,
    )
