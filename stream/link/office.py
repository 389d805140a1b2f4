"""The office: takes touches to the linker, and what it finds to topics and store.

The order of the main path holds here, too: decisions and records are out before the memberships
are written, fenced by the touch's offset, and these before the offset is committed.
"""

from collections.abc import Awaitable, Callable, Sequence, Set

import msgspec

from kyc.tiers import Tier
from schemas.decisions import Campaign as CampaignRecord
from schemas.decisions import Mode
from schemas.wire import encode_decision
from stream.broker.sinks import CampaignSink
from stream.decide.bars import bars
from stream.decide.policy import Policy
from stream.decide.rules import Bars
from stream.link.answers import Answer, Answers
from stream.link.campaigns import Campaign
from stream.link.linker import ACQUAINTED, Linker
from stream.link.membership import Place, seal
from stream.link.records import is_due, records
from stream.link.touches import Touch
from stream.link.weighing import Weights
from stream.metrics import Metrics
from stream.store import Current, Entry, Kind, Store


class _Cause(msgspec.Struct):
    """What is asked of the decision that stands."""

    cause: str


_cause = msgspec.json.Decoder(_Cause).decode


class Office:
    """One linker and whom it tells. `heed`: takes the bars after each search."""

    def __init__(
        self,
        *,
        policy: Policy,
        weights: Weights,
        mode: Mode,
        now: Callable[[], int],
        store: Store,
        sink: CampaignSink,
        heed: Callable[[Bars], Awaitable[None]],
        metrics: Metrics,
        epoch: int = 0,
        blind: frozenset[str] = frozenset(),
    ) -> None:
        opens = min(policy.campaigns.thresholds[Tier.UNVERIFIED].values())
        self.linker = Linker(weights, opens, blind)
        self._answers = Answers(policy, weights.version, mode, now)
        self._budget = policy.budget
        self._fewest = policy.campaigns.fewest
        self._store = store
        self._sink = sink
        self._heed = heed
        self._metrics = metrics
        self._epoch = epoch
        self._searched = False  # since the bars were last told

    def recall(self, touches: Sequence[Touch]) -> None:
        """Fold touches that were answered before this process began: nobody is told again."""
        for touch in touches:
            self._fold(touch)

    async def take(self, touches: Sequence[tuple[int, Touch]]) -> None:
        """Fold touches with their offsets, in order. Raises EmitError or StoreError."""
        answers: list[Answer] = []
        told: list[CampaignRecord] = []
        pending: set[str] = set()  # of whom an answer is about to be written
        for _, touch in touches:
            found, freed, new = self._fold(touch)
            pending.update(answer.decision.account_id for answer in found)
            answers += found
            answers += [answer for answer in freed if await self._is_ours(answer, pending)]
            told += new
        if touches:
            await self._send(answers, told, touches[-1][0])
        if self._searched:
            self._searched = False
            await self._heed(self._bars())

    async def _is_ours(self, answer: Answer, pending: Set[str]) -> bool:
        """Whether what stands about an account is a campaign's word, and not a later one."""
        account = answer.decision.account_id
        if account in pending:
            return True
        held = await self._store.decision(account)
        return held is not None and _cause(held).cause == "campaign"

    def _fold(self, touch: Touch) -> tuple[list[Answer], list[Answer], list[CampaignRecord]]:
        """New answers, those that end, and records."""
        linker = self.linker
        changes = linker.fold(touch)
        self._searched |= changes.searched
        found = self._answers.to(linker.ledger, changes.accounts, linker.register.campaign_of)
        freed = [self._answers.free(linker.ledger, a) for a in linker.register.freed()]
        records = self._tell([*changes.campaigns, *linker.register.ended()])
        return found, [answer for answer in freed if answer], records

    def _bars(self) -> Bars:
        ledger, members = self.linker.ledger, self.linker.register.campaign_of
        columns = ledger.columns
        witness = columns["established"] & (columns["requests"] >= ACQUAINTED)
        witness[list(members)] = False
        return bars(columns["peak"][witness], self._budget)

    def _tell(self, campaigns: Sequence[Campaign]) -> list[CampaignRecord]:
        # A campaign that changes and ends in one search is told of once.
        due = [one for one in dict.fromkeys(campaigns) if is_due(one, self._fewest)]
        return [r for one in due for r in records(self.linker.ledger, one)]

    async def _send(
        self, answers: Sequence[Answer], told: Sequence[CampaignRecord], offset: int
    ) -> None:
        await self._sink.record(told)
        await self._sink.emit([(a.partition, a.decision) for a in answers], [])
        # Of one account the last answer holds.
        last = {answer.decision.account_id: answer for answer in answers}
        place = Place(self._epoch, offset)
        await self._store.write(
            [_entry(account, answer, place) for account, answer in last.items()], Kind.MEMBERSHIP
        )
        self._count(answers, told)

    def _count(self, answers: Sequence[Answer], told: Sequence[CampaignRecord]) -> None:
        for answer in answers:
            self._metrics.decisions.labels(answer.decision.action.value).inc()
        for record in told:
            self._metrics.campaigns.labels(record.status).inc()


def _entry(account: str, answer: Answer, place: Place) -> Entry:
    decision = answer.decision
    current = Current(encode_decision(decision), decision.expires_at - decision.ts)
    return Entry(account, seal(answer.floor, place), current)
