"""The metrics of drift."""

from prometheus_client import CollectorRegistry, Gauge

from scorers.drift import Counts, Summary, filled


class DriftMeters:
    """Registered with the metrics of the process that they belong to."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.psi = Gauge(
            "sluicegate_feature_drift",
            "How far a feature has moved from the training snapshot (population stability index).",
            ["feature"],
            registry=registry,
        )
        self.filled = Gauge(
            "sluicegate_feature_filled",
            "Share of the sampled rows in which a feature is known.",
            ["feature"],
            registry=registry,
        )

    def tell(self, summary: Summary, counts: Counts) -> None:
        """Show what was counted."""
        for name, psi, share in zip(
            summary.names, summary.psi(counts).tolist(), filled(counts).tolist(), strict=True
        ):
            self.psi.labels(name).set(psi)
            self.filled.labels(name).set(share)

    def clear(self) -> None:
        """Show nothing: what was shown was of another model."""
        self.psi.clear()
        self.filled.clear()
