"""Every Prometheus metric of sluicegate, each with its sentence.

The composition root makes one `Metrics` with a registry of its own; nothing is registered at
import.
"""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from stream.bundles.meters import BundleMeters
from stream.learn.meters import DriftMeters

OUTCOMES: Final = ("counted", "replayed", "repeated", "late", "malformed", "clamped")
ACCOUNT_OUTCOMES: Final = ("counted", "replayed", "malformed")
ACCOUNTS: Final = ("established", "unproven", "unknown")
STAGES: Final = (
    *("decode", "load", "know", "remember", "look"),
    *("score", "decide", "link", "emit", "write"),
)
DEPENDENCIES: Final = ("store",)
STATUSES: Final = ("open", "closed")
GOVERNED: Final = ("step_up", "block")
LINKED: Final = ("accounts", "values", "campaigns", "members", "turned")

# One batch spends 0.1 ms to 100 ms in a stage; 1 s is a stall.
STAGE_BUCKETS: Final = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
BATCH_BUCKETS: Final = (1, 3, 10, 30, 100, 300, 1_000, 2_000, 5_000, 10_000)
# Finest around 50 ms, the promised p99 from event to decision.
LATENCY_BUCKETS: Final = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.25, 0.5, 1, 5, 30, 300)


class Metrics:
    """The metrics of one process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.events = Counter(
            "sluicegate_events",
            "Events by what became of them; clamped ones (future times) are counted as well.",
            ["outcome"],
            registry=self.registry,
        )
        self.account_events = Counter(
            "sluicegate_account_events",
            "Account events by what became of them.",
            ["outcome"],
            registry=self.registry,
        )
        self.requests = Counter(
            "sluicegate_requests",
            "Counted requests by what is known of their account: established, unproven (young, no "
            "strong proof) or unknown (no account event seen).",
            ["account"],
            registry=self.registry,
        )
        self.dead_letters = Counter(
            "sluicegate_dead_letters",
            "Messages written to the dead-letter topic, by the topic that they came from.",
            ["topic"],
            registry=self.registry,
        )
        self.campaigns = Counter(
            "sluicegate_campaigns",
            "Records written to the campaigns topic, by status.",
            ["status"],
            registry=self.registry,
        )
        self.touches = Counter(
            "sluicegate_touches",
            "Touches written for the linker: what accounts showed, at chosen moments.",
            registry=self.registry,
        )
        self.touches_folded = Counter(
            "sluicegate_touches_folded",
            "Touches that the linker has taken in, those that it read again at its start included.",
            registry=self.registry,
        )
        self.notices = Counter(
            "sluicegate_notices",
            "Notices written for the workers: accounts that share what is surprising.",
            registry=self.registry,
        )
        self.linked = Gauge(
            "sluicegate_linked",
            "What the linker holds: accounts, values, campaigns, members, changes of hands.",
            ["what"],
            registry=self.registry,
        )
        self.labelled = Gauge(
            "sluicegate_labelled",
            "Accounts of which a label says abuse or benign, as the linker heeds them.",
            ["label"],
            registry=self.registry,
        )
        self.unreadable_labels = Counter(
            "sluicegate_unreadable_labels",
            "Messages of the labels topic that the linker could not read, at each start anew.",
            registry=self.registry,
        )
        self.decisions = Counter(
            "sluicegate_decisions",
            "Decisions written to the decisions topic, by action.",
            ["action"],
            registry=self.registry,
        )
        self.rule_hits = Counter(
            "sluicegate_rule_hits",
            "Events for which a rule's condition held, by rule; those of shadows too.",
            ["rule"],
            registry=self.registry,
        )
        self.governed = Counter(
            "sluicegate_governed",
            "Blocks and step-ups in whose place the governor allowed a rate_limit only, each time "
            "that an event called for one.",
            ["action"],
            registry=self.registry,
        )
        self.shadow = Gauge(
            "sluicegate_shadow",
            "1 while decisions are not to be acted on, else 0.",
            registry=self.registry,
        )
        self.overrides = Gauge(
            "sluicegate_overrides",
            "Overrides that were set and not lifted, ended ones included.",
            registry=self.registry,
        )
        self.stage_seconds = Histogram(
            "sluicegate_stage_seconds",
            "Time that one batch spends in a stage.",
            ["stage"],
            buckets=STAGE_BUCKETS,
            registry=self.registry,
        )
        self.batch_size = Histogram(
            "sluicegate_batch_size",
            "Records in one batch.",
            buckets=BATCH_BUCKETS,
            registry=self.registry,
        )
        self.latency_seconds = Histogram(
            "sluicegate_latency_seconds",
            "Time from the broker's timestamp of an event until all of its batch is kept, sampled.",
            buckets=LATENCY_BUCKETS,
            registry=self.registry,
        )
        self.lag = Gauge(
            "sluicegate_lag",
            "Records between the end of a partition and the last one worked out.",
            ["topic", "partition"],
            registry=self.registry,
        )
        self.fenced = Counter(
            "sluicegate_fenced_batches",
            "Batches of which another worker had already written some accounts' newer state.",
            registry=self.registry,
        )
        self.lists = Counter(
            "sluicegate_lists_read_total",
            "Times that the folder of lists had changed, and was taken or refused.",
            ["result"],
            registry=self.registry,
        )
        self.degraded = Gauge(
            "sluicegate_degraded",
            "1 while a dependency is broken and its fallback answers, else 0.",
            ["dependency"],
            registry=self.registry,
        )
        self.degraded_seconds = Counter(
            "sluicegate_degraded_seconds",
            "Time spent with a dependency broken.",
            ["dependency"],
            registry=self.registry,
        )
        self.bundles = BundleMeters(self.registry)
        self.drift = DriftMeters(self.registry)
        self._show_zeros()

    def _show_zeros(self) -> None:
        # A series that appears only with its first failure makes rate() miss that failure.
        for outcome in OUTCOMES:
            self.events.labels(outcome)
        for standing in ACCOUNTS:
            self.requests.labels(standing)
        for outcome in ACCOUNT_OUTCOMES:
            self.account_events.labels(outcome)
        for stage in STAGES:
            self.stage_seconds.labels(stage)
        for status in STATUSES:
            self.campaigns.labels(status)
        for action in GOVERNED:
            self.governed.labels(action)
        for what in LINKED:
            self.linked.labels(what)
        for result in ("taken", "refused"):
            self.lists.labels(result)
        for dependency in DEPENDENCIES:
            self.degraded.labels(dependency)
            self.degraded_seconds.labels(dependency)

    def count_rule(self, rule: str, events: int) -> None:
        """Count events for which a rule's condition held; none makes its series begin at zero."""
        self.rule_hits.labels(rule).inc(events)

    def about(self) -> str:
        """Lines for whoever asks how the process is: what decides, and whether it counts."""
        shadow = self.registry.get_sample_value("sluicegate_shadow")
        mode = "shadow: decisions are not to be acted on\n" if shadow else ""
        return self.bundles.about() + mode

    def render(self) -> bytes:
        """Everything in Prometheus' text format 0.0.4."""
        return generate_latest(self.registry)
