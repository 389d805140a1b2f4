"""How a worker's process ends."""

import asyncio

import pytest

from stream.broker.process import Process
from stream.broker.transport import ChunkApp


def process() -> Process:
    """A process of an app that no broker is asked for."""
    return Process(ChunkApp("test", broker="kafka://127.0.0.1:1"), override_logging=False)


async def test_it_waits_for_nothing_where_nothing_is_left() -> None:
    """It is done without a turn of its loop."""
    with pytest.raises(StopIteration):
        process()._sentinel_task().send(None)


async def test_what_was_cancelled_comes_to_its_end() -> None:
    """With what it has to close."""
    closed = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            closed.set()

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    await process()._sentinel_task()
    assert closed.is_set()
