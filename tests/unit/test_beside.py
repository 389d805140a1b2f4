"""What goes on beside the work does not die in silence."""

import asyncio
import signal
import threading
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from stream import beside as module
from stream.beside import beside, has_failed


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> Iterator[asyncio.Event]:
    """Set once the process is asked to end."""
    monkeypatch.setattr(module, "_failed", threading.Event())
    event = asyncio.Event()
    before = signal.signal(signal.SIGTERM, lambda *_: event.set())
    yield event
    signal.signal(signal.SIGTERM, before)


async def fail() -> None:
    raise RuntimeError("broken")


async def go_on() -> None:
    await asyncio.Event().wait()


async def test_a_failure_ends_the_process(ended: asyncio.Event) -> None:
    """In order, and it is told why."""
    with capture_logs() as told:
        async with beside(go_on(), fail()):
            async with asyncio.timeout(30):
                await ended.wait()
    assert [line["event"] for line in told] == ["beside.failed"]
    assert has_failed()


async def test_the_end_of_the_block_is_no_failure(ended: asyncio.Event) -> None:
    """Nor is a task that is done."""
    with capture_logs() as told:
        async with beside(go_on(), asyncio.sleep(0)):
            await asyncio.sleep(0)
    assert told == []
    assert not ended.is_set()
    assert not has_failed()
