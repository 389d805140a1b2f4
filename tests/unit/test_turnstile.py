"""Chunks that wait go through together, in order, and each caller hears of its own."""

import asyncio
from collections.abc import Callable, Sequence

import pytest

from stream import turnstile
from stream.broker.chunk import Chunk
from stream.turnstile import LANES, Turnstile
from tests.unit.gates import Raw


def chunk(partition: int, records: int = 1, *, more: bool = False) -> Chunk:
    """A chunk of empty records."""
    empty = [Raw(offset, None, None) for offset in range(records)]
    return Chunk("t", partition, empty, records, more)


class Work:
    """Notes each group, and holds it until told."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.go = asyncio.Event()
        self.fails = False

    async def __call__(self, chunks: Sequence[Chunk]) -> None:
        self.groups.append([chunk.partition for chunk in chunks])
        await self.go.wait()
        if self.fails:
            raise RuntimeError("the work fails")


@pytest.fixture(autouse=True)
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pause between groups."""
    monkeypatch.setattr(turnstile, "GATHER_S", 0.0)


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop run until the condition holds, for a bounded number of turns."""
    for _ in range(1_000):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came to hold")


async def test_what_waits_goes_together() -> None:
    """Chunks that come while a group is under way make the next, in order."""
    work = Work()
    gate = Turnstile(work)
    taken = [asyncio.create_task(gate.take(chunk(p))) for p in range(4)]
    await until(lambda: len(work.groups) == 1)
    work.go.set()
    await asyncio.gather(*taken)
    assert work.groups == [[0], [1, 2, 3]]


async def test_chunks_that_were_handed_over_together_go_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first of them waits for the last."""
    monkeypatch.setattr(turnstile, "GATHER_S", 30.0)
    work = Work()
    work.go.set()
    gate = Turnstile(work)
    await asyncio.gather(*(gate.take(chunk(p, more=p < 3)) for p in range(4)))
    assert work.groups == [[0, 1, 2, 3]]


async def test_nobody_waits_for_a_chunk_that_does_not_come() -> None:
    """The rest of what was handed over may be revoked before it gets here."""
    work = Work()
    work.go.set()
    await Turnstile(work).take(chunk(0, more=True))
    assert work.groups == [[0]]


async def test_a_backlog_is_worked_on_beside_the_group_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A full group need not wait, but there are never more than LANES of them."""
    monkeypatch.setattr(turnstile, "FULL", 8)
    work = Work()
    gate = Turnstile(work)
    taken = [asyncio.create_task(gate.take(chunk(p, 4))) for p in range(9)]
    await until(lambda: len(work.groups) == LANES)
    await asyncio.sleep(0)
    assert work.groups == [[0], [1, 2]]
    work.go.set()
    await asyncio.gather(*taken)
    assert work.groups == [[0], [1, 2], [3, 4], [5, 6], [7, 8]]


async def test_a_failure_reaches_every_chunk_of_its_group() -> None:
    """None of them may be taken for done."""
    work = Work()
    gate = Turnstile(work)
    taken = [asyncio.create_task(gate.take(chunk(p))) for p in range(4)]
    await until(lambda: len(work.groups) == 1)
    work.fails = True
    work.go.set()
    ended = await asyncio.gather(*taken, return_exceptions=True)
    assert [type(end) for end in ended] == [RuntimeError] * 4


async def test_a_revoked_chunk_is_not_worked_on() -> None:
    """Who is cancelled before his turn is out, and nobody else is held up."""
    work = Work()
    gate = Turnstile(work)
    taken = [asyncio.create_task(gate.take(chunk(p))) for p in range(4)]
    await until(lambda: len(work.groups) == 1)
    taken[1].cancel()
    work.go.set()
    ended = await asyncio.gather(*taken, return_exceptions=True)
    assert work.groups == [[0], [2, 3]]
    assert [type(end) for end in ended if end] == [asyncio.CancelledError]


async def test_a_chunk_revoked_while_it_is_worked_on_harms_nobody() -> None:
    """Its group goes on to its end, for the others."""
    work = Work()
    gate = Turnstile(work)
    taken = [asyncio.create_task(gate.take(chunk(p))) for p in range(3)]
    await until(lambda: len(work.groups) == 1)
    taken[0].cancel()
    work.go.set()
    ended = await asyncio.gather(*taken, return_exceptions=True)
    assert work.groups == [[0], [1, 2]]
    assert [type(end) for end in ended if end] == [asyncio.CancelledError]
