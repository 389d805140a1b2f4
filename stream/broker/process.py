"""A Faust app as a process, until a signal ends it."""

import asyncio
from typing import Final

import faust

# For what was cancelled at the end, at most.
GRACE_S: Final = 1.0


class Process(faust.Worker):  # type: ignore[misc]  # Faust is untyped here
    """Ends when the last of its tasks has, where Faust's sleeps for a second whatever is left."""

    async def _sentinel_task(self) -> None:
        if others := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(others, timeout=GRACE_S)
