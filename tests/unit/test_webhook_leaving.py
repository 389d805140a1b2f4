"""A courier that ends while no broker answers."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from edge.webhook import courier
from edge.webhook.courier import Courier


class Silent:
    """A consumer that nobody answers: it cannot start, and waits for its group for ever."""

    async def start(self) -> None:
        raise ConnectionError("no broker")

    async def stop(self) -> None:
        await asyncio.Event().wait()


async def test_a_group_that_does_not_answer_holds_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """What ended the session is told; leaving the group has an end."""
    monkeypatch.setattr(courier, "LEAVE_LIMIT_S", 0.01)
    parts: Any = SimpleNamespace(name="gateway"), Silent(), None, None, None
    one = Courier(*parts, decisions="decisions", accounts="accounts", commit_s=1.0)
    with pytest.raises(ConnectionError, match="no broker"):
        await asyncio.wait_for(one.run(asyncio.Event()), timeout=60)
