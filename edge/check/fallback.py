"""The failure table: what a check answers while the store is away. Counted, and called out."""

from collections.abc import Sequence

import structlog

from edge.check.asks import Ask
from edge.check.bucket import Buckets
from edge.check.verdict import Verdict, pass_unasked, refuse_unasked
from edge.metrics import EdgeMetrics
from stream.edge_settings import Fallback

UNVERIFIED = 0
# One line a second says as much as ten thousand.
QUIET_MS = 1_000

log = structlog.get_logger()


class FailureTable:
    """Answers by the account's tier, which only the gateway can tell now; unknown is unverified."""

    def __init__(
        self, by_tier: Sequence[Fallback], requests_per_minute: int, metrics: EdgeMetrics
    ) -> None:
        self._by_tier = by_tier
        self._buckets = Buckets(requests_per_minute, 60_000)
        self._metrics = metrics
        self._answered = 0
        self._told_at: float | None = None
        self._called_out = False

    def answer(self, ask: Ask, now_ms: float, why: str) -> Verdict:
        """What the table says; `now_ms` of a monotonic clock."""
        tier = UNVERIFIED if ask.tier is None else ask.tier
        word = self._by_tier[tier]
        self._metrics.fallbacks.labels(tier, word).inc()
        self._call_out(now_ms, why)
        if word == "allow":
            return pass_unasked()
        if word == "deny":
            return refuse_unasked()
        wait_ms = self._buckets.take(ask.account_id, int(now_ms))
        return refuse_unasked(wait_ms) if wait_ms else pass_unasked()

    def call_back(self) -> None:
        """The store answers again: said where its absence was."""
        if self._called_out:
            log.warning("edge.store_back")
        self._called_out = False

    def _call_out(self, now_ms: float, why: str) -> None:
        self._answered += 1
        if self._told_at is None or now_ms - self._told_at >= QUIET_MS:
            log.error("edge.store_away", answered_by_table=self._answered, error=why)
            self._told_at, self._answered, self._called_out = now_ms, 0, True
