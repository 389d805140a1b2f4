"""Dispatch: what the linker says, to topics and then to the store.

The order of the main path holds here, too: decisions and records are out before the memberships
and notices are written, fenced by the touch's offset, and these before the offset is committed.
"""

from collections.abc import Awaitable, Callable, Container, Mapping, Sequence

import msgspec

from schemas.decisions import Campaign
from stream.broker.sinks import CampaignSink
from stream.link.answers import Answer
from stream.link.membership import Place, seal
from stream.link.notice import Notice
from stream.link.notice import seal as seal_notice
from stream.link.restraint import Restraint
from stream.metrics import Metrics
from stream.store import Current, Entry, Kind, Store

Post = Callable[[Sequence[Campaign]], Awaitable[None]]


class _Cause(msgspec.Struct):
    """What is asked of the decision that stands."""

    cause: str
    campaign_id: str | None = None


_cause = msgspec.json.Decoder(_Cause).decode


async def nowhere(_: Sequence[Campaign]) -> None:
    """Where nobody looks at campaigns."""


class Dispatch:
    """Sends answers, records and notices. Methods raise EmitError or StoreError.

    post: takes records of campaigns for people to look at.
    """

    def __init__(
        self,
        store: Store,
        sink: CampaignSink,
        restraint: Restraint,
        metrics: Metrics,
        post: Post = nowhere,
    ) -> None:
        self._store = store
        self._sink = sink
        self._restraint = restraint
        self._metrics = metrics
        self._post = post

    async def ours(
        self, answers: Sequence[Answer], pending: Container[str] = frozenset()
    ) -> list[Answer]:
        """The answers without the ends of what is not a campaign's word any more.

        pending: accounts about which a campaign's answer is on its way.
        """
        return [a for a in answers if not a.ends or await self._is_ours(a, pending)]

    async def _is_ours(self, answer: Answer, pending: Container[str]) -> bool:
        """Whether what stands about an account is the campaign's word, and not a later one."""
        account = answer.decision.account_id
        if account in pending:
            return True
        held = await self._store.decision(account)
        if held is None:
            return False
        stands = _cause(held)
        ordered = stands.cause == "override" and stands.campaign_id == answer.floor.campaign_id
        return stands.cause == "campaign" or ordered

    async def send(
        self, place: Place, answers: Sequence[Answer], records: Sequence[Campaign]
    ) -> None:
        """Tell of campaigns and answer members, as far as people and the governor let it."""
        await self._sink.record(records)
        answers = await self._restraint.governed(answers)
        silenced = await self._restraint.silenced(answers)
        said = [a for a in answers if a.decision.account_id not in silenced]
        await self._sink.emit([(a.partition, a.decision) for a in said], [])
        # Of one account the last answer holds.
        last = {answer.decision.account_id: answer for answer in answers}
        entries = [_entry(a, place, told=name not in silenced) for name, a in last.items()]
        await self._store.write(entries, Kind.MEMBERSHIP)
        await self._post(records)
        self._count(said, records)

    async def notify(self, place: Place, notices: Mapping[str, Notice]) -> None:
        """Leave the gate word of accounts."""
        entries = [Entry(a, seal_notice(n, place)) for a, n in notices.items()]
        await self._store.write(entries, Kind.NOTICE)
        self._metrics.notices.inc(len(entries))

    def _count(self, answers: Sequence[Answer], records: Sequence[Campaign]) -> None:
        for answer in answers:
            self._metrics.decisions.labels(answer.decision.action.value).inc()
        for record in records:
            self._metrics.campaigns.labels(record.status).inc()


def _entry(answer: Answer, place: Place, *, told: bool) -> Entry:
    decision = answer.decision
    current = Current.of(decision)
    return Entry(decision.account_id, seal(answer.floor, place), current if told else None)
