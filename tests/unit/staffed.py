"""People's side of the edge in memory: a board, a docket, keys, and a broker that hears."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from edge.appeals.appeal import Appeal, encode_appeal
from edge.appeals.docket import Docket
from edge.appeals.hearing import Hearing
from edge.controls.staff import Staff
from schemas.controls import Control
from schemas.decisions import Campaign, DeadLetter
from schemas.errors import SluicegateError
from schemas.events import LabelEvent
from schemas.wire import DecisionWire, encode_decision
from stream.broker.sinks import Placed
from stream.controls.acting import Acting
from stream.controls.campaigns import Campaigning
from stream.controls.governing import Governing
from stream.controls.overriding import Overriding
from stream.controls.table import Controls
from stream.decide.policy import Policy
from stream.decode.hashing import KeyedHasher
from stream.link.board import Board
from stream.store import MemoryStore
from tests.unit.gates import DAY, NOW, POLICY

CAMPAIGN = Campaign(
    campaign_id="c-1",
    ts=NOW,
    status="open",
    first_seen=NOW,
    last_seen=NOW,
    detected_at=NOW,
    accounts=12,
    requests=1_000,
    tokens=10_000,
    capabilities={"coding": 1.0},
    models={"m": 1.0},
    links=[],
    countries={"DE": 12},
    members_added=["ada"],
    sample_accounts=["ada"],
    score=0.97,
)


def blocked(account: str = "ada", **others: Any) -> bytes:
    """A decision that blocks an account."""
    told: dict[str, Any] = {
        "decision_id": "d1",
        "account_id": account,
        "event_id": "e1",
        "cause": "request",
        "ts": NOW,
        "decided_at": NOW,
        "action": "block",
        "score": 0.99,
        "kyc_tier": 0,
        "kyc_score": 0.5,
        "reasons": [],
        "model_version": "m1",
        "policy_version": "p1",
        "mode": "enforce",
        "expires_at": NOW + DAY,
    }
    return encode_decision(DecisionWire(**told | others))


class MemoryBoard(Board):
    """Campaigns by id."""

    def __init__(self) -> None:
        self.records = {CAMPAIGN.campaign_id: CAMPAIGN}

    async def find(self, campaign_id: str) -> Campaign | None:
        return self.records.get(campaign_id)

    async def latest(self, count: int, after: int = 0) -> list[Campaign]:
        return list(self.records.values())[after : after + count]


class MemoryDocket(Docket):
    """Appeals by account and decision."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], Appeal] = {}

    async def of(self, account: str) -> list[Appeal]:
        return [one for (who, _), one in self.kept.items() if who == account]

    async def put(self, appeal: Appeal, before: Appeal | None = None) -> bool:
        place = appeal.account_id, appeal.decision_id
        held = self.kept.get(place)
        if (held and encode_appeal(held)) != (before and encode_appeal(before)):
            return False
        self.kept[place] = appeal
        return True

    async def waiting(self, count: int) -> list[Appeal]:
        return [one for one in self.kept.values() if not one.carried_out][:count]

    async def oldest(self) -> int:
        return min((one.filed_at for one in await self.waiting(1)), default=0)


class MemoryKeyring:
    """Keys of accounts."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}

    async def keys(self, accounts: Sequence[str]) -> dict[str, bytes]:
        return {account: self.held.setdefault(account, bytes(32)) for account in accounts}

    async def find(self, account: str) -> bytes | None:
        return self.held.get(account)

    async def destroy(self, account: str) -> None:
        self.held.pop(account, None)


@dataclass
class Heard:
    """A broker's topics; `error` is raised in place of taking anything."""

    orders: list[Control] = field(default_factory=list)
    decisions: list[DecisionWire] = field(default_factory=list)
    labels: list[LabelEvent] = field(default_factory=list)
    error: SluicegateError | None = None

    async def emit(self, decisions: Sequence[Placed], _: Sequence[DeadLetter]) -> None:
        self._refuse()
        self.decisions += [decision for _, decision in decisions]

    async def order(self, control: Control) -> None:
        self._refuse()
        self.orders.append(control)

    async def label(self, labels: Sequence[tuple[int, LabelEvent]]) -> None:
        self._refuse()
        self.labels += [label for _, label in labels]

    def _refuse(self) -> None:
        if self.error:
            raise self.error


class FakeStaff(Staff):
    """A staff without a store or a broker; its clock stands until it is moved."""

    def __init__(self, *, four_eyes: bool = False, most: int = 5) -> None:
        self.board, self.docket = MemoryBoard(), MemoryDocket()
        self.keyring, self.heard, self.store = MemoryKeyring(), Heard(), MemoryStore()
        self.clock = NOW
        self.four_eyes, self.most = four_eyes, most
        self.controls = Controls()
        self.acting = Acting(
            sink=self.heard,
            store=self.store,
            mirror=self._mirror,
            controls=self.controls,
            policy=Policy.model_validate(POLICY),
            partitions=2,
            now=lambda: self.clock,
        )

    async def _mirror(self, _: object) -> None:
        pass

    async def campaigning(self) -> Campaigning:
        return Campaigning(self.acting, self.board, four_eyes=self.four_eyes)

    async def overriding(self) -> Overriding:
        return Overriding(self.acting, KeyedHasher(b"pepper"))

    async def governing(self) -> Governing:
        return Governing(self.acting)

    async def hearing(self) -> Hearing:
        return Hearing(
            self.docket,
            self.keyring,
            self.acting,
            most=self.most,
            days=30,
            now=lambda: self.clock,
        )
