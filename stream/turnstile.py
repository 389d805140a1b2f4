"""The turnstile: chunks of several partitions that wait go through the gate together.

A batch of one event costs as many NumPy calls and round trips as one of a thousand, 10 ms. So one
group goes through at a time and takes along all that waits: under load groups grow, and latency
stays flat. Only a backlog that makes a full group by itself is worked on beside the one before,
so that one computes while the other waits for the broker and the store.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from stream.broker.chunk import Chunk

Work = Callable[[Sequence[Chunk]], Awaitable[None]]

LANES = 2
# Beyond that a bigger group is no cheaper per event, and others would wait longer for it.
FULL = 4_000
# The partitions of a group deliver their next chunks a moment after it: with a group begun at
# once, half of the partitions would always wait for the other half.
GATHER_S = 0.003


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    chunk: Chunk
    done: asyncio.Future[None] = field(default_factory=asyncio.Future)

    def settle(self, error: BaseException | None) -> None:
        if self.done.done():  # its caller was cancelled
            return
        if error is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(error)


class Turnstile:
    """Hands `work` the chunks that wait, in order, in groups of at most FULL records or one chunk.

    Chunks side by side are of different partitions: a partition has one in flight at most.
    """

    def __init__(self, work: Work) -> None:
        self._work = work
        self._waiting: deque[_Waiting] = deque()
        self._groups: set[asyncio.Task[None]] = set()
        self._later: asyncio.TimerHandle | None = None

    async def take(self, chunk: Chunk) -> None:
        """Return when the chunk is done with. Raises what `work` raised for its group."""
        mine = _Waiting(chunk)
        self._waiting.append(mine)
        if chunk.more:
            self._start_later()
        else:
            self._start()
        try:
            await mine.done
        finally:
            with suppress(ValueError):  # revoked before its turn
                self._waiting.remove(mine)

    def _start_later(self) -> None:
        if not self._later:
            self._later = asyncio.get_running_loop().call_later(GATHER_S, self._start)

    def _start(self) -> None:
        if self._later:
            self._later.cancel()
            self._later = None
        while self._waiting and (not self._groups or self._is_backlog()):
            task = asyncio.create_task(self._go(self._group()))
            self._groups.add(task)

    def _is_backlog(self) -> bool:
        waiting = sum(len(waiting.chunk.records) for waiting in self._waiting)
        return waiting >= FULL and len(self._groups) < LANES

    def _group(self) -> list[_Waiting]:
        group = [self._waiting.popleft()]
        records = len(group[0].chunk.records)
        while self._waiting and records + len(self._waiting[0].chunk.records) <= FULL:
            group.append(self._waiting.popleft())
            records += len(group[-1].chunk.records)
        return group

    async def _go(self, group: list[_Waiting]) -> None:
        failed: BaseException | None = None
        try:
            await self._work([waiting.chunk for waiting in group])
        except BaseException as error:  # noqa: BLE001 - whoever waits for the chunk raises it
            failed = error
        for waiting in group:
            waiting.settle(failed)
        self._groups.discard(asyncio.current_task())
        if self._is_backlog():
            self._start()
        elif self._waiting:
            self._start_later()
