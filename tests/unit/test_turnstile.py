"""Chunks that wait go through together, in order, and each caller hears of its own."""

import asyncio
from collections.abc import Sequence

import pytest

from stream import turnstile
from stream.chunk import Chunk
from stream.turnstile import LANES, Turnstile
from tests.unit.gates import Raw


def chunk(partition: int, records: int = 1) -> Chunk:
    """A chunk of empty records."""
    return Chunk("t", partition, [Raw(offset, None, None) for offset in range(records)], records)


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


async def started(work: Work, groups: int) -> None:
    """Let the loop run until so many groups are under way."""
    for _ in range(100):
        if len(work.groups) >= groups:
            return
        await asyncio.sleep(0)
    raise AssertionError(f"{len(work.groups)} groups, not {groups}")


async def test_what_waits_goes_together() -> None:
    """Chunks that come while every lane is taken make one group, in order."""
    work = Work()
    gate = Turnstile(work)
    taken = [asyncio.create_task(gate.take(chunk(p))) for p in range(LANES + 3)]
    await started(work, LANES)
    work.go.set()
    await asyncio.gather(*taken)
    assert work.groups == [[0], [1], [2, 3, 4]]


async def test_a_group_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """No group holds more records than the bound, and none is left behind."""
    monkeypatch.setattr(turnstile, "MOST_RECORDS", 10)
    work = Work()
    gate = Turnstile(work)
    taken = [asyncio.create_task(gate.take(chunk(p, 4))) for p in range(LANES + 5)]
    await started(work, LANES)
    work.go.set()
    await asyncio.gather(*taken)
    assert work.groups == [[0], [1], [2, 3], [4, 5], [6]]


async def test_a_failure_reaches_every_chunk_of_its_group() -> None:
    """None of them may be taken for done."""
    work = Work()
    gate = Turnstile(work)
    taken = [asyncio.create_task(gate.take(chunk(p))) for p in range(LANES + 2)]
    await started(work, LANES)
    work.fails = True
    work.go.set()
    ended = await asyncio.gather(*taken, return_exceptions=True)
    assert [type(end) for end in ended] == [RuntimeError] * (LANES + 2)


async def test_a_revoked_chunk_is_not_worked_on() -> None:
    """Who is cancelled before his turn is out, and nobody else is held up."""
    work = Work()
    gate = Turnstile(work)
    taken = [asyncio.create_task(gate.take(chunk(p))) for p in range(LANES + 3)]
    await started(work, LANES)
    taken[LANES].cancel()
    work.go.set()
    ended = await asyncio.gather(*taken, return_exceptions=True)
    assert work.groups == [[0], [1], [3, 4]]
    assert [type(end) for end in ended if end] == [asyncio.CancelledError]


async def test_a_cancelled_leader_does_not_hang_its_group() -> None:
    """The others of a group that was cut off hear of it."""
    work = Work()
    gate = Turnstile(work)
    taken = [asyncio.create_task(gate.take(chunk(p))) for p in range(LANES + 2)]
    await started(work, LANES)
    work.go.set()
    for _ in range(100):
        if len(work.groups) == LANES + 1:
            break
        work.go.clear()
        await asyncio.sleep(0)
    taken[LANES].cancel()
    ended = await asyncio.gather(*taken, return_exceptions=True)
    assert [type(end) for end in ended[LANES:]] == [asyncio.CancelledError] * 2
