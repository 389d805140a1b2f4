"""The desk: denials from memory, asks together, the failure table when the store is away."""

import asyncio
from typing import Any

import pytest

from edge.check.asks import Ask
from edge.check.convoy import MOST, Convoy
from edge.check.denials import Denials
from edge.check.desk import PATIENCE_MS, PAUSE_MS, Desk
from edge.check.ledger import Spent
from edge.check.verdict import judge
from edge.metrics import EdgeMetrics
from schemas.errors import StoreError
from tests.unit.edges import LEFT, NOTHING, USED_UP, FakeLedger, decision, edge_settings

ASK = Ask("a")
BLOCK = Spent(True, decision("block"), ())


class Bench:
    """A desk with clocks that stand still."""

    def __init__(self, ledger: FakeLedger, **settings: Any) -> None:
        self.ledger = ledger
        self.metrics = EdgeMetrics()
        self.now_ms, self.unix_ms = 0.0, 1_000_000.0
        told = edge_settings(**settings)
        self.desk = Desk(ledger, told, self.metrics, lambda: self.now_ms, lambda: self.unix_ms)

    async def status(self, ask: Ask = ASK) -> int:
        return (await self.desk.answer(ask)).status

    def count(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(f"sluicegate_edge_{name}", labels)


async def test_a_block_is_repeated_from_memory() -> None:
    """For a second at most; then the store is asked again."""
    bench = Bench(FakeLedger(BLOCK))
    assert [await bench.status() for _ in range(3)] == [403] * 3
    assert len(bench.ledger.asked) == 1
    bench.now_ms = 1_000
    bench.ledger.answer = NOTHING
    assert await bench.status() == 200


async def test_what_was_used_up_is_repeated_until_it_is_not() -> None:
    """No longer than the wait that was told."""
    bench = Bench(FakeLedger(USED_UP), edge_denial_ms=60_000)
    assert [await bench.status() for _ in range(2)] == [429] * 2
    bench.now_ms = USED_UP.levels[0].wait_ms - 1
    assert await bench.status() == 429
    assert len(bench.ledger.asked) == 1
    bench.now_ms, bench.ledger.answer = USED_UP.levels[0].wait_ms, LEFT
    assert await bench.status() == 200


async def test_a_smaller_request_asks_by_itself() -> None:
    """Where ten tokens are too many, five may not be."""
    bench = Bench(FakeLedger(USED_UP))
    assert await bench.status(Ask("a", 10)) == 429
    bench.ledger.answer = LEFT
    assert await bench.status(Ask("a", 5)) == 200


async def test_an_ask_about_another_time_is_not_answered_from_memory() -> None:
    """Replayed traffic asks about the past."""
    bench = Bench(FakeLedger(BLOCK))
    await bench.status()
    await bench.status(Ask("a", ts=5))
    assert len(bench.ledger.asked) == 2


def test_only_so_many_denials_are_kept() -> None:
    """The last ones."""
    denials = Denials(1_000, most=2)
    for name in "abc":
        denials.note(Ask(name), judge(BLOCK), 0)
    assert [denials.find(Ask(name), 0) is None for name in "abc"] == [True, False, False]


async def test_asks_share_a_call() -> None:
    """Whatever arrives while a call is under way goes along in the next, in order."""
    calls: list[list[str]] = []

    async def spend(asks: Any) -> list[Spent]:
        calls.append([ask.account_id for ask in asks])
        await asyncio.sleep(0)
        return [NOTHING] * len(asks)

    convoy = Convoy(spend, 30)
    await asyncio.gather(*(convoy.ask(Ask(str(n))) for n in range(MOST + 5)))
    assert [len(call) for call in calls] == [MOST, 5]
    assert [name for call in calls for name in call] == [str(n) for n in range(MOST + 5)]


async def test_who_has_given_up_is_not_asked_for() -> None:
    """A caller that is gone takes nothing from a quota any more."""
    ledger = FakeLedger(hangs=True)
    convoy = Convoy(ledger.spend, 30)
    waiting = [asyncio.create_task(convoy.ask(Ask(name))) for name in "ab"]
    late = asyncio.create_task(convoy.ask(Ask("late")))
    await asyncio.sleep(0)
    late.cancel()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert [ask.account_id for ask in ledger.asked] == ["a", "b"]
    for task in waiting:
        task.cancel()


@pytest.mark.parametrize(
    ("tier", "status", "word"),
    [(None, 200, "local"), (0, 200, "local"), (1, 429, "deny"), (2, 200, "allow")],
)
async def test_the_failure_table_answers_by_tier(tier: int | None, status: int, word: str) -> None:
    """An account of no known tier is an unverified one; every such answer is counted."""
    ledger = FakeLedger(error=StoreError("gone"))
    bench = Bench(ledger, edge_failure="local,deny,allow,allow")
    verdict = await bench.desk.answer(Ask("a", tier=tier))
    assert verdict.status == status
    assert (b"x-sluicegate-degraded", b"store") in verdict.headers
    assert bench.count("fallbacks_total", tier=str(tier or 0), answer=word) == 1
    assert bench.count("degraded") == 1


async def test_the_local_limit_is_a_limit() -> None:
    """Each edge lets so many through by itself, and tells how long to wait."""
    bench = Bench(FakeLedger(error=StoreError("gone")), edge_local_rpm=3)
    assert [await bench.status() for _ in range(5)] == [200, 200, 200, 429, 429]
    bench.now_ms = 20_000
    assert await bench.status() == 200


async def test_the_budget_is_kept() -> None:
    """A store that hangs is not waited for."""
    bench = Bench(FakeLedger(hangs=True), edge_budget_ms=5)
    assert await asyncio.wait_for(bench.status(), 30) == 200
    assert bench.count("fallbacks_total", tier="0", answer="local") == 1


async def test_a_store_that_stays_away_is_left_alone() -> None:
    """After a while one ask in half a second tries it; the others do not wait."""
    ledger = FakeLedger(error=StoreError("gone"))
    bench = Bench(ledger)
    await bench.status()
    bench.now_ms = PATIENCE_MS
    for _ in range(5):
        await bench.status()
    assert len(ledger.asked) == 2
    bench.now_ms += PAUSE_MS
    ledger.error, ledger.answer = None, BLOCK
    assert await bench.status() == 403
    assert bench.count("degraded") == 0


async def test_who_was_blocked_stays_blocked_while_the_store_is_away() -> None:
    """Until the decision is over: an outage frees nobody."""
    ledger = FakeLedger(BLOCK)
    bench = Bench(ledger, edge_failure="allow,allow,allow,allow")
    await bench.status()
    ledger.error = StoreError("gone")
    bench.now_ms = 100_000
    assert await bench.status() == 403
    bench.unix_ms = 2_000_000  # expires_at
    assert await bench.status() == 200


async def test_what_is_forgotten_is_not_repeated() -> None:
    """After the kill switch nobody stays blocked for having been, store or no store."""
    ledger = FakeLedger(BLOCK)
    bench = Bench(ledger, edge_failure="allow,allow,allow,allow")
    await bench.status()
    bench.desk.forget()
    ledger.error = StoreError("gone")
    assert await bench.status() == 200


async def test_an_unreadable_decision_falls_back() -> None:
    """Counted, for this account only; the store is not taken for broken."""
    bench = Bench(FakeLedger(Spent(True, b"nonsense", ())), edge_failure="deny,deny,deny,deny")
    assert await bench.status() == 429
    assert bench.count("unreadable_decisions_total") == 1
    assert bench.count("degraded") == 0


async def test_checks_are_counted_by_status() -> None:
    """Every answer, wherever it came from."""
    bench = Bench(FakeLedger(BLOCK))
    for _ in range(3):
        await bench.status()
    assert bench.count("checks_total", status="403") == 3
    assert bench.count("repeated_denials_total") == 2
    assert bench.count("check_seconds_count") == 3
