"""Every Prometheus metric of the edge, each with its sentence. docs/edge.md says when to look."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from stream.edge_settings import FALLBACKS

STATUSES: Final = (200, 403, 429)
TIERS: Final = (0, 1, 2, 3)
REFUSALS: Final = ("unauthorized", "forbidden", "too_fast", "too_large", "too_slow", "malformed")
APPEALS: Final = ("open", "upheld", "overturned")
# The promise is 1 ms at the median and 5 ms at p99; the store's budget is 20 ms.
CHECK_BUCKETS: Final = (0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 1.0)


class EdgeMetrics:
    """The metrics of one edge, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.checks = Counter(
            "sluicegate_edge_checks",
            "Checks by the status that they were answered with.",
            ["status"],
            registry=self.registry,
        )
        self.check_seconds = Histogram(
            "sluicegate_edge_check_seconds",
            "Time from a check's arrival to its answer.",
            buckets=CHECK_BUCKETS,
            registry=self.registry,
        )
        self.repeated_denials = Counter(
            "sluicegate_edge_repeated_denials",
            "Refusals that were repeated from memory, without asking the store.",
            registry=self.registry,
        )
        self.fallbacks = Counter(
            "sluicegate_edge_fallbacks",
            "Checks that the failure table answered, by KYC tier and by what it said.",
            ["tier", "answer"],
            registry=self.registry,
        )
        self.degraded = Gauge(
            "sluicegate_edge_degraded",
            "1 while the store does not answer in time and the failure table does, else 0.",
            registry=self.registry,
        )
        self.unreadable = Counter(
            "sluicegate_edge_unreadable_decisions",
            "Checks that met a decision in the store that cannot be read.",
            registry=self.registry,
        )
        self.shadow = Gauge(
            "sluicegate_edge_shadow",
            "1 while the kill switch lets everything pass that a decision would refuse, else 0.",
            registry=self.registry,
        )
        self.refusals = Counter(
            "sluicegate_edge_refused_callers",
            "Requests refused before anything was looked up, by why.",
            ["why"],
            registry=self.registry,
        )
        self.appeals = Counter(
            "sluicegate_edge_appeals",
            "Appeals filed (`open`) and answered, by state.",
            ["state"],
            registry=self.registry,
        )
        self.oldest_appeal = Gauge(
            "sluicegate_edge_oldest_appeal_seconds",
            "How long the appeal has waited that has waited longest; 0 where none does.",
            registry=self.registry,
        )
        self._show_zeros()

    def _show_zeros(self) -> None:
        # A series that appears only with its first failure makes rate() miss that failure.
        self.by_status = {status: self.checks.labels(status) for status in STATUSES}
        for why in REFUSALS:
            self.refusals.labels(why)
        for state in APPEALS:
            self.appeals.labels(state)
        for tier in TIERS:
            for answer in FALLBACKS:
                self.fallbacks.labels(tier, answer)

    def render(self) -> bytes:
        """Everything in Prometheus' text format 0.0.4."""
        return generate_latest(self.registry)
