"""Beside: what goes on beside a process's work, such as following the orders of people.

Nobody waits for such a task, so its death would be silent: the kill switch would not be heard any
more, and decisions would go on. So a task that fails is told, and ends the process in order, as
SIGTERM does; whoever keeps it running starts it anew, and what was not finished is repeated.
"""

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final

import structlog

log = structlog.get_logger()
_failed: Final = threading.Event()


@asynccontextmanager
async def beside(*works: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Let coroutines go on while the block lasts. One may return; one that raises ends the
    process."""
    tasks = [asyncio.create_task(work) for work in works]
    for task in tasks:
        task.add_done_callback(_hear)
    try:
        yield
    finally:
        for task in tasks:
            task.remove_done_callback(_hear)
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def has_failed() -> bool:
    """Whether that is why this process ends."""
    return _failed.is_set()


def _hear(task: asyncio.Task[None]) -> None:
    error = None if task.cancelled() else task.exception()
    if error:
        log.error("beside.failed", exc_info=error)
        _failed.set()
        signal.raise_signal(signal.SIGTERM)
