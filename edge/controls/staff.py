"""The staff: what people need who order and review over HTTP.

Checks must be answered without a broker, so it is asked for at the first order. Its client is
imported before: that takes half a second, in which no check would be answered.
"""

import asyncio
from contextlib import AsyncExitStack
from typing import Final, Protocol

from edge.appeals.docket import Docket
from edge.appeals.hearing import Hearing
from edge.audit.keyring import StoreKeyring
from schemas.errors import ConfigurationError
from stream.broker.connections import store_client
from stream.controls.acting import Acting, open_acting
from stream.controls.campaigns import Campaigning
from stream.controls.governing import Governing
from stream.controls.overriding import Overriding, hasher
from stream.controls.table import Controls
from stream.link.board import Board
from stream.settings import Settings

LONGEST_S: Final = 10.0  # that a person waits for the broker


class Staff(Protocol):
    """Who carries out what people say. Methods raise ConfigurationError: the broker is away."""

    board: Board
    docket: Docket

    async def campaigning(self) -> Campaigning:
        """Who gives orders about campaigns."""

    async def overriding(self) -> Overriding:
        """Who pins what accounts get."""

    async def governing(self) -> Governing:
        """Who orders what holds for everybody."""

    async def hearing(self) -> Hearing:
        """Who files and answers appeals."""


class LiveStaff:
    """With the store and the broker of the settings."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client = store_client(settings)
        self._opened = AsyncExitStack()
        self._opening: asyncio.Task[Acting] | None = None
        self.board = Board(self._client)
        self.docket = Docket(self._client)

    async def acting(self) -> Acting:
        """Who carries out orders. Raises ConfigurationError when the broker is away: told at once
        to all who wait, and asked for again by the next one."""
        if self._opening is None or _failed(self._opening):
            self._opening = asyncio.create_task(self._open())
        return await asyncio.shield(self._opening)

    async def campaigning(self) -> Campaigning:
        """As Staff.campaigning."""
        four_eyes = self._settings.four_eyes
        return Campaigning(await self.acting(), self.board, four_eyes=four_eyes)

    async def overriding(self) -> Overriding:
        """As Staff.overriding."""
        return Overriding(await self.acting(), hasher(self._settings))

    async def governing(self) -> Governing:
        """As Staff.governing."""
        return Governing(await self.acting())

    async def hearing(self) -> Hearing:
        """As Staff.hearing."""
        acting, told = await self.acting(), self._settings
        return Hearing(
            self.docket,
            StoreKeyring(self._client),
            acting,
            most=told.appeals_max,
            days=told.overturn_days,
            now=acting.now,
        )

    async def close(self) -> None:
        """Close the connections."""
        if self._opening:
            self._opening.cancel()  # in vain where it is open
            await asyncio.wait([self._opening])
        await self._opened.aclose()
        await self._client.aclose()

    async def _open(self) -> Acting:
        opening = open_acting(self._settings, Controls(self._settings.mode))
        try:
            async with asyncio.timeout(LONGEST_S):
                return await self._opened.enter_async_context(opening)
        except TimeoutError as error:
            raise ConfigurationError("the broker does not answer") from error


def _failed(task: "asyncio.Task[Acting]") -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)
