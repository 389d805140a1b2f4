"""Watching: how long the oldest appeal has waited, so that somebody is reminded."""

import asyncio
from collections.abc import Callable
from time import time
from typing import Final

import structlog

from edge.appeals.docket import Docket
from edge.metrics import EdgeMetrics
from schemas.errors import StoreError

EVERY_S: Final = 30.0

log = structlog.get_logger()


async def watch(
    docket: Docket,
    metrics: EdgeMetrics,
    every_s: float = EVERY_S,
    now: Callable[[], float] = time,
) -> None:
    """Keep the metric right, until cancelled."""
    while True:
        try:
            oldest = await docket.oldest()
        except StoreError as error:
            log.warning("appeals.store_away", error=str(error))
        else:
            metrics.oldest_appeal.set(now() - oldest / 1_000 if oldest else 0)
        await asyncio.sleep(every_s)
