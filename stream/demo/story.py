"""What the demo tells: counters that its tasks fill in, and the terminal's picture of them."""

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic

from prometheus_client import Metric
from rich.console import Group
from rich.panel import Panel
from rich.table import Table

from schemas.decisions import Action
from schemas.wire import DecisionWire
from simulate.population import Truth
from stream.replay import REQUESTS, Line

EVENTS = "sluicegate_events_total"
HANDLED = ("counted", "replayed", "repeated", "late", "malformed")
LATENCY = "sluicegate_latency_seconds_bucket"
_COLOURS = {"allow": "green", "restrict": "yellow", "rate_limit": "yellow", "step_up": "magenta"}


@dataclass(slots=True)
class Story:
    """What the demo has seen so far."""

    truths: dict[str, Truth]
    began: float = field(default_factory=monotonic)
    requests: int = 0
    handled: int = 0
    event_time: int = 0
    median_ms: float = 0.0
    decisions: Counter[str] = field(default_factory=Counter)
    strictest: dict[str, Action] = field(default_factory=dict)
    lately: deque[DecisionWire] = field(default_factory=lambda: deque(maxlen=8))

    def follow(self, burst: list[Line]) -> None:
        """Take in what the traffic just sent."""
        self.requests += sum(line.topic == REQUESTS for line in burst)
        self.event_time = burst[-1].ts

    def measure(self, families: Iterable[Metric]) -> None:
        """Take in the worker's metrics."""
        samples = [sample for family in families for sample in family.samples]
        events = {s.labels["outcome"]: s.value for s in samples if s.name == EVENTS}
        self.handled = int(sum(events.get(outcome, 0) for outcome in HANDLED))
        buckets = [(float(s.labels["le"]), s.value) for s in samples if s.name == LATENCY]
        half = buckets[-1][1] / 2
        self.median_ms = 1_000 * next(le for le, count in buckets if count >= half)

    def note(self, decision: DecisionWire) -> None:
        """Take in one decision."""
        account = decision.account_id
        self.decisions[decision.action] += 1
        self.strictest[account] = max(decision.action, self.strictest.get(account, Action.ALLOW))
        self.lately.append(decision)

    def picture(self) -> Group:
        """The terminal's content while it runs."""
        lived = max(monotonic() - self.began, 1.0)
        day = datetime.fromtimestamp(self.event_time / 1_000, UTC)
        head = (
            f"{self.handled:,} events scored in {lived:.0f} s ({self.handled / lived:,.0f}/s), "
            f"half within {self.median_ms:.0f} ms   "
            f"event time {day:%d %b %H:%M}   {self.decisions.total():,} decisions"
        )
        return Group(Panel(head, title="sluicegate demo, simulated traffic"), self._latest())

    def _latest(self) -> Table:
        table = Table(box=None, pad_edge=False, expand=True)
        for name, width in (("account", 12), ("decision", 10), ("score", 5), ("why", None)):
            table.add_column(name, no_wrap=True, width=width)
        for decision in self.lately:
            colour = _COLOURS.get(decision.action, "red")
            why = decision.reasons[0].text if decision.reasons else "nothing speaks against it now"
            action = f"[{colour}]{decision.action}[/]"
            table.add_row(decision.account_id[-12:], action, f"{decision.score:.2f}", why)
        return table

    def told(self) -> str:
        """One line for a person, once it is over."""
        lived = monotonic() - self.began
        return (
            f"{self.handled:,} events in {lived:.0f} s, {self.handled / lived:,.0f} a second, "
            f"half within {self.median_ms:.0f} ms of reaching the broker. Traffic, accounts and "
            "campaign are simulated: the figures above say how the simulation went, no more."
        )

    def summary(self) -> Table:
        """What was decided about whom; only the simulator knows who is who."""
        table = Table(title="The strictest action per account, by who it is in the simulation")
        for name in ("cohort", "", "accounts", *Action):
            table.add_column(str(name), justify="left" if name in ("cohort", "") else "right")
        cohorts: dict[tuple[bool, str], Counter[Action]] = {}
        for account, truth in self.truths.items():
            counts = cohorts.setdefault((truth.abusive, truth.cohort), Counter())
            counts[self.strictest.get(account, Action.ALLOW)] += 1
        for (abusive, cohort), counts in sorted(cohorts.items()):
            kind = "[red]abusive[/]" if abusive else "honest"
            shown = (f"{counts[action]:,}" if counts[action] else "" for action in Action)
            table.add_row(cohort, kind, f"{counts.total():,}", *shown)
        return table
