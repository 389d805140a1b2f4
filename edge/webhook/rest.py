"""Rest: an endpoint that asks for it, or fails whatever it is sent, is left alone for a while.

Its backlog then waits in Kafka, and not in the store with a schedule of its own.
"""

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Final

from edge.webhook.sender import Answer, Outcome

# So long at most when nothing of what was under way got through.
REST_MAX_S: Final = 30.0


class Rest:
    """The rest of one endpoint; `concurrency`: so many failures in a row bring it about."""

    def __init__(self, concurrency: int, clock: Callable[[], float] = monotonic) -> None:
        self._concurrency = concurrency
        self._clock = clock
        self._failures = 0  # in a row
        self._end = clock()

    def hear(self, answer: Answer) -> None:
        """Take what came of a try."""
        if answer.outcome is Outcome.DELIVERED:
            self._failures = 0
            return
        self._failures += 1
        rounds, more = divmod(self._failures, self._concurrency)
        wait = answer.wait_s or 0.0 if answer.busy else 0.0
        if more == 0:
            wait = max(wait, min(2.0 ** min(rounds - 1, 9), REST_MAX_S))
        self._end = max(self._end, self._clock() + wait)

    @property
    def left_s(self) -> float:
        """How long it still lasts; 0 or less when it is over."""
        return self._end - self._clock()

    async def over(self) -> None:
        """Wait for its end, which may be put off meanwhile by a try that was under way."""
        while (left := self.left_s) > 0:  # noqa: ASYNC110 - time is all that it waits for
            await asyncio.sleep(left)
