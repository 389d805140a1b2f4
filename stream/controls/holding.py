"""Holding: what a process that decides does about orders: follow them, and show that it does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import structlog

from schemas.controls import Control
from stream.beside import beside
from stream.controls.following import following
from stream.controls.mirror import keep
from stream.controls.table import Controls
from stream.metrics import Metrics
from stream.settings import Settings

if TYPE_CHECKING:
    from redis.asyncio import Redis, RedisCluster

log = structlog.get_logger()


@asynccontextmanager
async def holding(
    settings: Settings, client: "Redis | RedisCluster", metrics: Metrics
) -> AsyncIterator[Controls]:
    """The orders that hold, known whole when the block begins and followed while it lasts.

    Raises ConfigurationError when they cannot be read.
    """
    controls = Controls(settings.mode)

    def take(control: Control) -> None:
        before = controls.mode
        controls.take(control)
        _show(controls, metrics)
        if controls.mode != before:
            log.warning("mode.switched", mode=controls.mode, author=control.author)

    _show(controls, metrics)
    async with following(settings, take, controls.forget), beside(keep(client, controls)):
        yield controls


def _show(controls: Controls, metrics: Metrics) -> None:
    metrics.shadow.set(controls.mode == "shadow")
    metrics.overrides.set(len(controls.overrides))
