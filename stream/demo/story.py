"""What the demo has seen so far, and the figures that follow from it."""

from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from time import monotonic

import msgspec
from prometheus_client import Metric

from schemas.decisions import Action, Campaign
from schemas.wire import DecisionWire
from simulate.population import Truth
from stream.demo.limit import AccountLimit
from stream.evaluate.baselines import Sight
from stream.lines import REQUESTS, Line

LATENCY = "sluicegate_latency_seconds_bucket"


class Exchange(Sight, gc=False):
    """What is looked at of a request."""

    status: int = 200


_read = msgspec.json.Decoder(Exchange).decode


def total(families: Iterable[Metric], name: str, *but: str) -> int:
    """The sum of a counter's samples, those with a label of `but` left out."""
    samples = (sample for family in families for sample in family.samples)
    return int(
        sum(s.value for s in samples if s.name == name and not {*but} & {*s.labels.values()})
    )


class Story:
    """All that the demo's tasks fill in; `truths`: what only the simulator knows."""

    def __init__(self, truths: Iterable[Truth]) -> None:
        self.truths = {truth.account_id: truth for truth in truths}
        self.honest = [a for a, truth in self.truths.items() if not truth.abusive]
        self.ring = _largest_campaign(self.truths)
        self.limit = AccountLimit(self.truths, self.honest)
        self.began = monotonic()
        self.requests = self.account_events = 0  # sent
        self.handled = 0
        self.event_time = 0
        self.median_ms = 0.0
        self.decisions: dict[str, list[DecisionWire]] = {}
        self.lately: deque[DecisionWire] = deque(maxlen=5)
        self.campaigns: dict[str, Campaign] = {}
        self._exchanges: dict[str, list[int]] = {account: [] for account in self.ring}

    def follow(self, burst: Sequence[Line]) -> None:
        """Take in what the traffic just sent."""
        requests = [line for line in burst if line.topic == REQUESTS]
        self.requests += len(requests)
        self.account_events += len(burst) - len(requests)
        self.event_time = burst[-1].ts
        for line in requests:
            exchange = _read(line.value)
            self.limit.see(exchange)
            if exchange.account_id in self._exchanges and exchange.status // 100 == 2:
                self._exchanges[exchange.account_id].append(exchange.ts)

    def measure(self, families: Sequence[Metric]) -> None:
        """Take in the worker's metrics."""
        # Clamped events are counted among the others already.
        self.handled = total(families, "sluicegate_events_total", "clamped")
        samples = (sample for family in families for sample in family.samples)
        buckets = [(float(s.labels["le"]), s.value) for s in samples if s.name == LATENCY]
        half = buckets[-1][1] / 2
        self.median_ms = 1_000 * next(le for le, count in buckets if count >= half)

    def note(self, decision: DecisionWire) -> None:
        """Take in one decision."""
        self.decisions.setdefault(decision.account_id, []).append(decision)
        self.lately.append(decision)

    def record(self, campaign: Campaign) -> None:
        """Take in one record of a campaign; the last one holds."""
        self.campaigns[campaign.campaign_id] = campaign

    def strictest(self, account: str) -> Action:
        """The strictest action that an account ever met."""
        return max((d.action for d in self.decisions.get(account, ())), default=Action.ALLOW)

    def met(self, accounts: Iterable[str], least: Action = Action.RESTRICT) -> int:
        """How many of these accounts ever met an action, so strict or stricter."""
        return sum(self.strictest(account) >= least for account in accounts)

    def standing(self, accounts: Iterable[str]) -> Counter[Action]:
        """How many of these accounts are under each action now."""
        held = (self.decisions[account][-1] for account in accounts if account in self.decisions)
        return Counter(d.action for d in held if d.expires_at > self.event_time)

    def members(self, campaign_id: str) -> list[str]:
        """The accounts whose latest decision names a campaign."""
        found = self.decisions.items()
        return [account for account, told in found if told[-1].campaign_id == campaign_id]

    def found(self) -> Campaign | None:
        """The campaign that most accounts of the ring were ever said to belong to."""
        named = (d.campaign_id for a in self.ring for d in self.decisions.get(a, ()))
        counts = Counter(name for name in named if name in self.campaigns)
        return self.campaigns[max(counts, key=lambda name: counts[name])] if counts else None

    def exchanges(self, until: int | None = None) -> int:
        """The ring's exchanges, those up to a time (ms) where one is given."""
        end = self.event_time if until is None else until
        return sum(bisect_left(times, end + 1) for times in self._exchanges.values())

    def stopped(self) -> int:
        """The ring's exchanges that came while their account was blocked or had to prove more."""
        return sum(
            self._stands(account, ts) >= Action.STEP_UP
            for account, times in self._exchanges.items()
            if account in self.decisions
            for ts in times
        )

    def _stands(self, account: str, ts: int) -> Action:
        """The action over a request of this time: it holds for what comes after its own event."""
        before = [d for d in self.decisions[account] if d.ts < ts]
        return before[-1].action if before and before[-1].expires_at > ts else Action.ALLOW

    def freed(self) -> list[str]:
        """Honest accounts that met an action and are free of it now."""
        met = [account for account in self.honest if self.strictest(account) > Action.ALLOW]
        return [account for account in met if not self._is_held(self.decisions[account][-1])]

    def let_in(self, account: str) -> tuple[DecisionWire | None, DecisionWire | None]:
        """The decision that first asked an account for proof, and the one that let it in after."""
        told = iter(self.decisions[account])
        asked = next((d for d in told if d.requirements), None)
        return asked, next((d for d in told if d.action is Action.ALLOW), None)

    def _is_held(self, decision: DecisionWire) -> bool:
        return decision.action > Action.ALLOW and decision.expires_at > self.event_time


def _largest_campaign(truths: dict[str, Truth]) -> list[str]:
    """The accounts of the scenario's largest campaign."""
    sizes = Counter(truth.campaign for truth in truths.values() if truth.campaign)
    if not sizes:
        return []
    [(largest, _)] = sizes.most_common(1)
    return [account for account, truth in truths.items() if truth.campaign == largest]
