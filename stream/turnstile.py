"""The turnstile: chunks of several partitions that wait go through the gate together.

A batch of one event costs as many NumPy calls as one of a thousand, 4 ms. Under load chunks
wait while others are worked on; taken together they pay that once, and latency stays flat.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from stream.chunk import Chunk

Work = Callable[[Sequence[Chunk]], Awaitable[None]]

# One group computes while the other waits for the broker and the store.
LANES = 2
# Beyond that a bigger group is no cheaper per event, and others would wait longer for it.
MOST_RECORDS = 4_000


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    chunk: Chunk
    done: asyncio.Future[None] = field(default_factory=asyncio.Future)


class Turnstile:
    """Hands `work` the chunks that wait, in order, LANES groups at once.

    Chunks side by side are of different partitions: a partition has one in flight at most.
    """

    def __init__(self, work: Work) -> None:
        self._work = work
        self._lanes = asyncio.Semaphore(LANES)
        self._waiting: deque[_Waiting] = deque()

    async def take(self, chunk: Chunk) -> None:
        """Return when the chunk is done with. Raises what `work` raised for its group."""
        mine = _Waiting(chunk)
        self._waiting.append(mine)
        try:
            async with self._lanes:
                # Lanes and chunks are both taken in order: what still waits is mine or after it.
                if self._waiting and not mine.done.done():
                    await self._go(self._group())
            await mine.done
        finally:
            with suppress(ValueError):  # revoked before its turn
                self._waiting.remove(mine)

    def _group(self) -> list[_Waiting]:
        group = [self._waiting.popleft()]
        records = len(group[0].chunk.records)
        while self._waiting and records + len(self._waiting[0].chunk.records) <= MOST_RECORDS:
            group.append(self._waiting.popleft())
            records += len(group[-1].chunk.records)
        return group

    async def _go(self, group: list[_Waiting]) -> None:
        try:
            await self._work([waiting.chunk for waiting in group])
        except BaseException as error:
            _settle(group, error)
            raise
        _settle(group, None)


def _settle(group: list[_Waiting], error: BaseException | None) -> None:
    for waiting in group:
        if waiting.done.done():  # its caller was cancelled
            continue
        if error is None:
            waiting.done.set_result(None)
        else:
            waiting.done.set_exception(error)
            waiting.done.exception()  # seen: the leader of the group raises it anyway
