"""The metrics of the process that delivers webhooks."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from edge.webhook.sender import Outcome

# From a receiver next door to one that times out.
TRY_BUCKETS = (0.005, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30)
# Up to the last try, a day later.
DELAY_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300, 3_600, 86_400)


class Meters:
    """The metrics of one process, in a registry of their own; by endpoint."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.tries = Counter(
            "sluicegate_webhook_tries",
            "Webhooks posted, by what came of it.",
            ["endpoint", "outcome"],
            registry=self.registry,
        )
        self.dead = Counter(
            "sluicegate_webhook_dead",
            "Webhooks that were given up.",
            ["endpoint"],
            registry=self.registry,
        )
        self.dropped = Counter(
            "sluicegate_webhook_dropped",
            "Dead webhooks that were dropped for newer ones: nobody can replay them.",
            ["endpoint"],
            registry=self.registry,
        )
        self.unreadable = Counter(
            "sluicegate_webhook_unreadable",
            "Messages of the decisions topic that are no decision.",
            ["endpoint"],
            registry=self.registry,
        )
        self.try_seconds = Histogram(
            "sluicegate_webhook_try_seconds",
            "Time that one try takes.",
            ["endpoint"],
            buckets=TRY_BUCKETS,
            registry=self.registry,
        )
        self.delay_seconds = Histogram(
            "sluicegate_webhook_delay_seconds",
            "Time from a decision until the endpoint has taken it.",
            ["endpoint"],
            buckets=DELAY_BUCKETS,
            registry=self.registry,
        )
        self.waiting = Gauge(
            "sluicegate_webhook_waiting",
            "Webhooks read from the topic and neither delivered nor parked yet.",
            ["endpoint"],
            registry=self.registry,
        )
        self.parked = Gauge(
            "sluicegate_webhook_parked",
            "Webhooks that wait in the store for a later try.",
            ["endpoint"],
            registry=self.registry,
        )
        self.on = Gauge(
            "sluicegate_webhook_on",
            "1 while the endpoint is delivered to, 0 while it is switched off or interrupted.",
            ["endpoint"],
            registry=self.registry,
        )

    def show_zeros(self, endpoint: str) -> None:
        """Begin every series of an endpoint, so that its first failure is an increase."""
        for outcome in Outcome:
            self.tries.labels(endpoint, outcome)
        for counter in (self.dead, self.dropped, self.unreadable):
            counter.labels(endpoint)
        for histogram in (self.try_seconds, self.delay_seconds):
            histogram.labels(endpoint)
        for gauge in (self.waiting, self.parked, self.on):
            gauge.labels(endpoint).set(0)

    def render(self) -> bytes:
        """Everything in Prometheus' text format 0.0.4."""
        return generate_latest(self.registry)
