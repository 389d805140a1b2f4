"""What every process of the edge that reads Kafka has: topics, an end by signal, a web page."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from schemas.errors import ConfigurationError
from stream.broker.topics import check_topics
from stream.exposition import Rendered, expose
from stream.settings import Settings
from stream.variables import variable


def stop_signal() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


async def refuse_missing(settings: Settings, *names: str) -> None:
    """Raise ConfigurationError when the broker is away, or one of these topics cannot be used:
    a consumer of a topic that is not there waits for it, in silence."""
    wanted = {settings.topic(name) for name in names}
    states = await check_topics(settings)
    if unusable := [state for state in states if state.name in wanted and not state.usable]:
        told = (f"{state.name}: {state.finding}: {state.detail}" for state in unusable)
        raise ConfigurationError("\n".join(told))


@asynccontextmanager
async def page(settings: Settings, metrics: Rendered) -> AsyncIterator[None]:
    """`/metrics` and `/healthz` on the web port while the block lasts.

    Raises ConfigurationError when the port is taken.
    """
    application = web.Application()
    expose(application, metrics, settings.web_token)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, settings.web_host, settings.web_port).start()
        except OSError as error:
            raise ConfigurationError(f"{variable('web_port')}: {error.strerror}") from error
        yield
    finally:
        await runner.cleanup()
