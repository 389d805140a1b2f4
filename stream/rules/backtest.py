"""A backtest: what rules would have done in recorded traffic, beyond what was decided anyway."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from kyc.tiers import Tier
from schemas.decisions import Campaign, DeadLetter
from schemas.errors import MalformedEventError
from schemas.ndjson import numbered_lines
from schemas.wire import UNREADABLE
from stream.broker.sinks import Placed
from stream.decide.policy import Policy
from stream.decide.standings import CLEAR
from stream.decide.statute import Statute
from stream.decode.batch import RequestBatch
from stream.remember.windows import Sight
from stream.rules.rulebook import Rulebook
from stream.rules.rulings import Ints, Rulings

SAMPLE = 20


@dataclass(slots=True)
class Effect:
    """What one rule met. accounts: those that it held for, in the order of time; stricter: those
    of them for which it called for more than what stood, by itself."""

    rule: str
    shadow: bool
    events: int = 0
    stricter_events: int = 0
    accounts: dict[str, None] = field(default_factory=dict)
    stricter: dict[str, None] = field(default_factory=dict)


class Backtest:
    """A witness and a sink of a replay without rules, in which every event is decided; notes what
    each rule would have added.

    Rules in the shadow are looked at like the others; a rule that has expired in event time holds
    no more. A score is held against the policy's thresholds, whatever bars the stream calls for.
    """

    def __init__(self, policy: Policy, rulebook: Rulebook) -> None:
        self._rulings = Rulings(rulebook, policy, lambda *_: None)
        self._statute = Statute(policy)
        self._called = [self._alone(number) for number in range(len(rulebook.rules))]
        self._seen: tuple[RequestBatch, Sight, NDArray[np.float32]] | None = None
        self.effects = [Effect(name, rule.shadow) for name, rule in rulebook.rules.items()]
        self.dead = 0  # letters so far

    def witness(self, batch: RequestBatch, sight: Sight, rows: NDArray[np.float32]) -> None:
        """Keep the rows until it is known what was decided about them."""
        self._seen = batch, sight, rows

    async def emit(self, decisions: Sequence[Placed], letters: Sequence[DeadLetter]) -> None:
        """What is emitted first after a witness is about its events, in order of arrival."""
        self.dead += len(letters)
        if self._seen is None:
            return
        (batch, sight, rows), self._seen = self._seen, None
        order = np.argsort(sight.row)
        tier, stood = np.empty_like(order), np.empty_like(order)
        tier[order] = [decision.kyc_tier for _, decision in decisions]
        stood[order] = [decision.action.rank for _, decision in decisions]
        for number, at in self._rulings.hits(rows, tier, sight.clock):
            names = [batch.accounts[account] for account in sight.account[at].tolist()]
            self._note(self.effects[number], names, self._called[number][tier[at]] > stood[at])

    async def record(self, _: Sequence[Campaign]) -> None:
        """Campaigns are not asked for."""

    def _alone(self, number: int) -> Ints:
        """The rank of what a rule leads to by itself, by tier: no block, which needs more."""
        rulings = [self._rulings.ruling([number], tier, alone=True) for tier in Tier]
        found = (
            self._statute.decide(CLEAR, one.score, tier, 0, proven=False, ruling=one)
            for tier, one in zip(Tier, rulings, strict=True)
        )
        return np.array([standing.action.rank for standing in found])

    def _note(self, effect: Effect, names: Sequence[str], stricter: NDArray[np.bool_]) -> None:
        effect.events += len(names)
        effect.stricter_events += int(stricter.sum())
        effect.accounts |= dict.fromkeys(names)
        effect.stricter |= dict.fromkeys(np.array(names, object)[stricter].tolist())


class Told(msgspec.Struct):
    """A LabelEvent, or a line of the simulator's truth, as far as it says who is who."""

    account_id: str
    ts: int = 0
    label: Literal["abuse", "benign"] | None = None
    abusive: bool | None = None


_told = msgspec.json.Decoder(Told).decode


def read_truth(path: Path) -> dict[str, bool]:
    """Which accounts are abusive, and which are not; of several labels the latest one holds.

    Raises MalformedEventError, which names the line, for one that says neither.
    """
    found: dict[str, tuple[int, bool]] = {}
    for number, line in numbered_lines(path):
        try:
            told = _told(line)
        except UNREADABLE as error:
            raise MalformedEventError(str(error), f"{path}:{number}") from error
        if told.label is None and told.abusive is None:
            raise MalformedEventError("has neither `label` nor `abusive`", f"{path}:{number}")
        abusive = told.label == "abuse" if told.label else bool(told.abusive)
        if told.ts >= found.get(told.account_id, (0, False))[0]:
            found[told.account_id] = told.ts, abusive
    return {account: abusive for account, (_, abusive) in found.items()}


class Split(NamedTuple):
    """Accounts by what is known of them."""

    abusive: int
    benign: int
    unlabelled: int


def split(accounts: Iterable[str], truth: Mapping[str, bool]) -> Split:
    """How many of `accounts` are which."""
    known = [truth.get(account) for account in accounts]
    return Split(known.count(True), known.count(False), known.count(None))
