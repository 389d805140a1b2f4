"""What every process of the edge that reads Kafka has: an end by signal, and a web page."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from stream.metrics import Rendered, expose
from stream.settings import Settings


def stop_signal() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


@asynccontextmanager
async def page(settings: Settings, metrics: Rendered) -> AsyncIterator[None]:
    """`/metrics` and `/healthz` on the web port while the block lasts."""
    application = web.Application()
    expose(application, metrics, settings.web_token)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, settings.web_host, settings.web_port).start()
        yield
    finally:
        await runner.cleanup()
