"""The convoy: one call to the ledger at a time, and what asks meanwhile goes along in the next.

A client of the store costs more per call than the store does; under load calls grow, and the wait
stays that of two calls.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from edge.check.ledger import Cost, Spent

# A call of that many blocks the store for less than a millisecond.
MOST: Final = 64

Spend = Callable[[Sequence[Cost]], Awaitable[list[Spent]]]


class Convoy:
    """Hands asks to `spend` in groups of at most MOST, in order; a call lasts `limit_s` at most."""

    def __init__(self, spend: Spend, limit_s: float) -> None:
        self._spend = spend
        self._limit_s = limit_s
        self._waiting: deque[tuple[Cost, asyncio.Future[Spent]]] = deque()
        self._running: asyncio.Task[None] | None = None

    async def ask(self, ask: Cost) -> Spent:
        """What the ledger answers to this ask.

        Raises what `spend` raised for its group, and TimeoutError when it took too long.
        """
        mine: asyncio.Future[Spent] = asyncio.get_running_loop().create_future()
        self._waiting.append((ask, mine))
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        return await mine

    async def _run(self) -> None:
        try:
            while group := self._group():
                await self._go(group)
        finally:
            self._running = None

    def _group(self) -> list[tuple[Cost, asyncio.Future[Spent]]]:
        group: list[tuple[Cost, asyncio.Future[Spent]]] = []
        while self._waiting and len(group) < MOST:
            ask, future = self._waiting.popleft()
            if not future.done():  # its caller has given up
                group.append((ask, future))
        return group

    async def _go(self, group: list[tuple[Cost, asyncio.Future[Spent]]]) -> None:
        try:
            async with asyncio.timeout(self._limit_s):
                answers = await self._spend([ask for ask, _ in group])
        except Exception as error:  # noqa: BLE001 - whoever waits raises it
            for _, future in group:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), answer in zip(group, answers, strict=True):
            if not future.done():
                future.set_result(answer)
