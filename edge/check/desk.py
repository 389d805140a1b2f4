"""The desk: where an ask becomes a verdict, within the budget, whatever the store does."""

import asyncio
from collections.abc import Callable
from time import monotonic, time
from typing import Final

import msgspec

from edge.check.asks import Ask, Settlement
from edge.check.convoy import Convoy
from edge.check.denials import Denials
from edge.check.fallback import FailureTable
from edge.check.ledger import Ledger
from edge.check.verdict import Verdict, judge
from edge.metrics import EdgeMetrics
from schemas.errors import StoreError
from stream.settings import Settings

# A store that has not answered for so long is left alone for a while: nobody waits for it then.
# Longer than a hiccup of a busy machine, which fails dozens of asks at once.
PATIENCE_MS: Final = 250.0
PAUSE_MS: Final = 500.0


class Desk:
    """Answers asks from memory, from the ledger, or by the failure table, in this order."""

    def __init__(
        self,
        ledger: Ledger,
        settings: Settings,
        metrics: EdgeMetrics,
        now_ms: Callable[[], float] = lambda: 1_000 * monotonic(),
        unix_ms: Callable[[], float] = lambda: 1_000 * time(),
    ) -> None:
        self._budget_s = settings.edge_budget_ms / 1_000
        self._convoy = Convoy(ledger.spend, self._budget_s)
        self._denials = Denials(settings.edge_denial_ms)
        self._table = FailureTable(settings.fallbacks(), settings.edge_local_rpm, metrics)
        self._metrics = metrics
        self._now_ms = now_ms
        self._unix_ms = unix_ms
        self._failing_since: float | None = None
        self._resume_ms = 0.0

    async def answer(self, ask: Ask) -> Verdict:
        """The verdict on an ask. Never raises for what the store does."""
        began = self._now_ms()
        verdict = self._denials.find(ask, began)
        if verdict is None:
            verdict = await self._ask_store(ask, began)
        else:
            self._metrics.repeated_denials.inc()
        self._metrics.by_status[verdict.status].inc()
        self._metrics.check_seconds.observe((self._now_ms() - began) / 1_000)
        return verdict

    def forget(self) -> None:
        """Repeat no refusal of before: what led to them is not acted on any more."""
        self._denials.forget()

    async def settle(self, settlement: Settlement) -> None:
        """Count what a request used beyond what it asked for. Raises StoreError: not counted, as
        far as is known."""
        try:
            async with asyncio.timeout(self._budget_s):
                await self._convoy.ask(settlement)
        except TimeoutError as error:
            raise StoreError(f"no answer within {1_000 * self._budget_s:.0f} ms") from error

    async def _ask_store(self, ask: Ask, now_ms: float) -> Verdict:
        if self._failing_since is not None and now_ms - self._failing_since >= PATIENCE_MS:
            if now_ms < self._resume_ms:
                return self._fall_back(ask, now_ms, "left alone after it did not answer")
            self._resume_ms = now_ms + PAUSE_MS  # this ask tries; the others go on without
        try:
            async with asyncio.timeout(self._budget_s):
                spent = await self._convoy.ask(ask)
        except (StoreError, TimeoutError) as error:
            self._note_failure(now_ms)
            why = str(error) or f"no answer within {1_000 * self._budget_s:.0f} ms"
            return self._fall_back(ask, now_ms, why)
        self._note_answer()
        try:
            verdict = judge(spent)
        except msgspec.MsgspecError as error:
            self._metrics.unreadable.inc()
            return self._fall_back(ask, now_ms, f"unreadable decision: {error}")
        self._denials.note(ask, verdict, now_ms)
        return verdict

    def _note_failure(self, now_ms: float) -> None:
        self._metrics.degraded.set(1)
        if self._failing_since is None:
            self._failing_since = now_ms

    def _note_answer(self) -> None:
        if self._failing_since is not None:
            self._failing_since = None
            self._metrics.degraded.set(0)
            self._table.call_back()

    def _fall_back(self, ask: Ask, now_ms: float, why: str) -> Verdict:
        # Who was blocked when the store went away is blocked still.
        ruled = self._denials.last_ruled(ask.account_id, int(self._unix_ms()))
        if ruled is None:
            return self._table.answer(ask, now_ms, why)
        self._metrics.repeated_denials.inc()
        return ruled
