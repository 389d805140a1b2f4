"""The office: takes touches to the linker, and what it finds to whom it concerns."""

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from kyc.tiers import Tier
from schemas.controls import CampaignOrder, control_id
from schemas.decisions import Campaign as CampaignRecord
from stream.broker.sinks import CampaignSink
from stream.broker.tombstones import Burial, Erased
from stream.controls.table import Controls
from stream.decide.bars import Calibration, ask_bar, bars
from stream.decide.policy import Policy
from stream.govern.governor import Governor
from stream.link.answers import Answer, Answers
from stream.link.campaigns import Campaign
from stream.link.dispatch import Dispatch, Post, nowhere
from stream.link.labels import Labels, witnesses
from stream.link.linker import Changes, Forgotten, Linker
from stream.link.membership import Place, told_by
from stream.link.notice import Notice
from stream.link.orders import BATCH, Orders, batches
from stream.link.records import is_due, records
from stream.link.restraint import Restraint
from stream.link.survey import ACQUAINTED
from stream.link.touches import Touch
from stream.link.weighing import Weights
from stream.metrics import Metrics
from stream.store import Store


class Member(NamedTuple):
    """An account that is a member of a campaign, and the partition of its events."""

    partition: int
    account: str


class Office:
    """One linker and whom it tells.

    heed: takes the bars after each search; ask: the share of established accounts that may be asked
    for more proof; post: takes records of campaigns for people to look at;
    burial: ends what topics hold of erased accounts; controls: what people order; governor: bounds
    what may newly be blocked, none where nobody is acted on;
    labels: who may not be, or must be, a witness of the bars.
    """

    def __init__(
        self,
        *,
        policy: Policy,
        weights: Weights,
        now: Callable[[], int],
        store: Store,
        sink: CampaignSink,
        heed: Callable[[Calibration], Awaitable[None]],
        metrics: Metrics,
        ask: float,
        post: Post = nowhere,
        burial: Burial | None = None,
        controls: Controls | None = None,
        governor: Governor | None = None,
        labels: Labels | None = None,
        epoch: int = 0,
        blind: frozenset[str] = frozenset(),
    ) -> None:
        self.linker = Linker(weights, _opens(policy), blind)
        held = controls or Controls()
        self._orders = Orders(held.order, store)
        self._answers = Answers(policy, weights.version, held, now, self._orders.about)
        restraint = Restraint(held, governor, store, self._answers)
        self._dispatch = Dispatch(store, sink, restraint, metrics, post)
        self._policy = self._next = policy
        self._store = store
        self._heed = heed
        self._ask = ask
        self._burial = burial
        self._labels = labels or Labels()
        self._epoch = epoch
        self._folded = 0  # the offset of the last touch that was taken
        self._recalled = False  # since anything was last told
        self._searched = False  # since the bars were last told
        self._notices: dict[str, Notice] = {}  # to be written; of one account the last holds

    def obey(self, policy: Policy) -> None:
        """Keep to another policy from the next chunk on; what was told stands until it is renewed
        or ends."""
        self._next = policy

    def recall(self, touches: Sequence[tuple[int, Touch]]) -> None:
        """Fold touches that were answered before this process began: nobody is told again."""
        for offset, touch in touches:
            self._folded = offset
            self._work_out(self._fold(touch))
        self._recalled = True

    async def _recollect(self) -> None:
        """The governor may have refused, and people ordered otherwise, what recalled touches call
        for."""
        if self._recalled:
            for some in batches(list(self._answers.told)):
                self._answers.recollect(await told_by(self._store, some, self._place()))
            self._recalled = False

    async def take(self, touches: Sequence[tuple[int, Touch]]) -> None:
        """Fold touches with their offsets, in order. Raises EmitError or StoreError."""
        if self._next is not self._policy:
            self._turn_to(self._next)
        await self._recollect()
        answers: list[Answer] = []
        told: list[CampaignRecord] = []
        pending: set[str] = set()  # of whom an answer is about to be written
        for offset, touch in touches:
            self._folded = offset
            changes = self._fold(touch)
            await self._look(changes)
            found, new = self._work_out(changes)
            pending.update(a.decision.account_id for a in found if not a.ends)
            answers += await self._dispatch.ours(found, pending)
            told += new
            self._notices |= {self.linker.ledger.name[a]: said for a, said in changes.notices}
        if touches:
            await self._dispatch.send(self._place(), answers, told)
            await self._dispatch.notify(self._place(), self._notices)
            self._notices = {}
        if self._searched:
            self._searched = False
            await self._heed(self._calibration())

    def _turn_to(self, policy: Policy) -> None:
        self._policy = policy
        self._answers.obey(policy)
        self.linker.opens = _opens(policy)

    def strike(self, account_id: str) -> Forgotten | None:
        """Let go of an account that was erased, in silence; None where it is not known."""
        gone = self.linker.forget(account_id)
        if gone:
            self._let_go([account_id])
        return gone

    def _let_go(self, accounts: Sequence[str]) -> None:
        for account_id in accounts:
            self._answers.forget(account_id)
            self._orders.forget(account_id)

    async def forget(self, account_id: str) -> None:
        """Let go of an account that was erased: nothing about it is renewed, and what was said
        about it meanwhile ends. Raises EmitError or StoreError."""
        gone = self.strike(account_id)
        if gone is None:
            return
        await self._store.erase([account_id])
        if self._burial:
            await self._burial.bury([Erased(gone.partition, account_id)])
        if gone.campaign and gone.campaign.told:
            told = list(records(self.linker.ledger, gone.campaign))
            await self._dispatch.send(self._place(), [], told)

    async def carry_out(self, order: CampaignOrder) -> list[Member] | None:
        """Do what a person ordered about a campaign, and tell its members: who they are, None
        where there is no such campaign. However often it is done: decisions have the same ids.

        Raises EmitError or StoreError.
        """
        await self._recollect()
        linker, place = self.linker, self._place()
        campaign = linker.register.open.get(order.campaign_id)
        if campaign is None:
            return None
        if order.what == "dismiss":
            await self._orders.pardon(linker.ledger, campaign, place)
        else:
            await self._orders.lift(linker.ledger, campaign, place)
        # One search may err: others are let go with the rest, and not answered.
        members = sorted(campaign.settled() if order.what == "act" else campaign.members)
        ordered = control_id(order)
        told = list(records(linker.ledger, campaign))
        for begin in range(0, len(members), BATCH):
            some = members[begin : begin + BATCH]
            answers = self._answers.carry_out(linker.ledger, some, campaign, ordered)
            await self._dispatch.send(place, await self._dispatch.ours(answers), [])
        await self._dispatch.send(place, [], told)
        return [
            Member(int(linker.ledger.columns[a]["partition"]), linker.ledger.name[a])
            for a in members
        ]

    async def _look(self, changes: Changes) -> None:
        """At what was ordered about campaigns that changed, or that this process meets first."""
        campaign_of = self.linker.register.campaign_of
        met = {campaign_of[a] for a in changes.accounts if a in campaign_of}
        due = {one for one in met if changes.searched or one.dismissed is None}
        await self._orders.look(self.linker.ledger, due, self._place())

    def _fold(self, touch: Touch) -> Changes:
        changes = self.linker.fold(touch)
        self._let_go(changes.gone)
        self._searched |= changes.searched
        return changes

    def _work_out(self, changes: Changes) -> tuple[list[Answer], list[CampaignRecord]]:
        """Answers, and records."""
        ledger, register = self.linker.ledger, self.linker.register
        found = self._answers.to(ledger, changes.accounts, register.campaign_of)
        freed = [self._answers.free(ledger, account) for account in register.freed()]
        records = self._tell([*changes.campaigns, *register.ended()])
        return [*found, *(answer for answer in freed if answer)], records

    def _place(self) -> Place:
        return Place(self._epoch, self._folded)

    def _calibration(self) -> Calibration:
        ledger, campaign_of = self.linker.ledger, self.linker.register.campaign_of
        # Who is only suspected goes on being counted: those who score high are suspected first.
        members = [a for a, campaign in campaign_of.items() if campaign.is_settled(a)]
        chosen = witnesses(ledger, ACQUAINTED, members, self._labels.by(ledger.clock))
        found = ledger.columns[chosen]
        actions = bars(found["peak"], self._policy.budget)
        return Calibration(actions, ask_bar(found["kyc_peak"], self._ask))

    def _tell(self, campaigns: Sequence[Campaign]) -> list[CampaignRecord]:
        # A campaign that changes and ends in one search is told of once.
        due = [
            one for one in dict.fromkeys(campaigns) if is_due(one, self._policy.campaigns.fewest)
        ]
        return [r for one in due for r in records(self.linker.ledger, one)]


def _opens(policy: Policy) -> float:
    """The score from which a ring is a campaign: the lowest that leads to anything."""
    return min(policy.campaigns.thresholds[Tier.UNVERIFIED].values())
