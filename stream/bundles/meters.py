"""The metrics of bundles: which decides, and what those beside it would do."""

from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge

from schemas.decisions import Action
from stream.bundles.comparison import BANDS, Comparison

_ACTIONS = tuple(action.value for action in Action)
_NAMES = [f"to {upper:g}" for upper in (*BANDS, 1.0)]


class Part(NamedTuple):
    """A bundle in its role: current, candidate or shadow.

    engine: what its model runs on; share: of the accounts that it decides about.
    """

    role: str
    bundle: str
    model: str
    policy: str
    engine: str
    share: float


class BundleMeters:
    """Registered with the metrics of the process that they belong to."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.parts: list[Part] = []
        self.share = Gauge(
            "sluicegate_bundle_share",
            "Share of the accounts that a bundle decides about, by its role, model and policy, and "
            "what the model runs on.",
            ["role", "bundle", "model", "policy", "engine"],
            registry=registry,
        )
        self.swaps = Counter(
            "sluicegate_bundle_swaps",
            "How often the roles of bundles have changed in this process.",
            registry=registry,
        )
        self.refused = Counter(
            "sluicegate_bundle_refusals",
            "Bundles that were not taken, and canaries that have failed; the log says why.",
            registry=registry,
        )
        self.actions = Counter(
            "sluicegate_bundle_actions",
            "Events by the actions that the current bundle's score calls for, and another's.",
            ["bundle", "current", "other"],
            registry=registry,
        )
        self.banded = Counter(
            "sluicegate_bundle_compared",
            "Events that another bundle has scored as well, by the current bundle's score.",
            ["bundle", "score"],
            registry=registry,
        )
        self.differing = Counter(
            "sluicegate_bundle_differing",
            "Those of them for which both call for different actions.",
            ["bundle", "score"],
            registry=registry,
        )
        self.gaps = Counter(
            "sluicegate_bundle_gaps",
            "Sum of the differences between both scores.",
            ["bundle", "score"],
            registry=registry,
        )

    def seated(self, parts: list[Part]) -> None:
        """Tell which bundles there are from now on."""
        self.parts = parts
        self.share.clear()
        for part in parts:
            self.share.labels(*part[:5]).set(part.share)

    def told(self, bundle: str, found: Comparison) -> None:
        """Count what another bundle would do."""
        for ours, row in zip(_ACTIONS, found.actions.tolist(), strict=True):
            for theirs, events in zip(_ACTIONS, row, strict=True):
                if events:
                    self.actions.labels(bundle, ours, theirs).inc(events)
        for name, events, differing, gap in zip(
            _NAMES, *found.bands.tolist(), found.gaps.tolist(), strict=True
        ):
            if events:
                self.banded.labels(bundle, name).inc(events)
                self.differing.labels(bundle, name).inc(differing)
                self.gaps.labels(bundle, name).inc(gap)

    def about(self) -> str:
        """A line for each bundle, for whoever asks how the process is."""
        return "".join(
            f"{p.role} {p.bundle} {p.model} {p.policy} on {p.engine}\n" for p in self.parts
        )
