"""The metrics of the process that writes the audit chains."""

from prometheus_client import CollectorRegistry, Counter, generate_latest


class Meters:
    """The metrics of one process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.records = Counter(
            "sluicegate_audit_records",
            "Records written to the audit chains, by kind.",
            ["kind"],
            registry=self.registry,
        )
        self.unreadable = Counter(
            "sluicegate_audit_unreadable",
            "Messages that could not be recorded, by the topic that they came from.",
            ["source"],
            registry=self.registry,
        )

    def render(self) -> bytes:
        """Everything in Prometheus' text format 0.0.4."""
        return generate_latest(self.registry)
