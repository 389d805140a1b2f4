"""Waiting for what another task or process brings about, with a bound."""

import asyncio
from collections.abc import Callable
from typing import Final

PATIENCE_S: Final = 120.0


async def until(reached: Callable[[], bool], every_s: float = 0.005) -> None:
    """Wait until `reached`. Raises TimeoutError."""
    async with asyncio.timeout(PATIENCE_S):
        while not reached():  # noqa: ASYNC110 - what changes it tells nobody
            await asyncio.sleep(every_s)
