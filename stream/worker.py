"""A worker or a linker as a process: logs, metrics and the Faust app, until a signal ends it."""

import asyncio
import logging
import sys
from collections.abc import Callable
from typing import Final

import structlog

from schemas.errors import ConfigurationError
from stream.app import create_app
from stream.beside import has_failed
from stream.broker.process import Process
from stream.broker.topics import check_topics
from stream.handling import HandlerApp
from stream.logs import configure_logs
from stream.metrics import Metrics
from stream.ports import refuse_taken
from stream.settings import Settings

# Kafka's client has a thread of its own, which asks for the interpreter a dozen times a fetch: at
# Python's 5 ms each it comes too late while batches are worked on.
SWITCH_S: Final = 0.0005

log = structlog.get_logger()


def run(settings: Settings) -> int:
    """Run a worker; see `serve`."""
    settings.pepper_bytes()
    return serve(settings, create_app)


def serve(settings: Settings, create: Callable[[Settings, Metrics], HandlerApp]) -> int:
    """Run until SIGTERM or SIGINT; the exit code is 0 then, and 1 when the process failed.

    Raises ConfigurationError, before anything is read, when it must not run.
    """
    configure_logs(settings.log_format, settings.log_level, sys.stderr)
    sys.setswitchinterval(SWITCH_S)
    refuse_taken("web_port", settings.web_host, settings.web_port)
    asyncio.run(_refuse_wrong_topics(settings))
    worker = Process(
        create(settings, Metrics()),
        loglevel=logging.getLevelNamesMapping()[settings.log_level.upper()],
        override_logging=False,
        redirect_stdouts=False,
        quiet=True,
    )
    worker.spinner = None  # writes cursor codes into the log, even where it is quiet
    try:
        worker.execute_from_commandline()
    except SystemExit as stop:
        return int(stop.code or has_failed())
    return int(has_failed())


async def _refuse_wrong_topics(settings: Settings) -> None:
    states = await check_topics(settings)
    for state in states:
        if state.usable and not state.ok:
            log.warning("topic.differs", topic=state.name, detail=state.detail)
    if unusable := [state for state in states if not state.usable]:
        told = (f"{state.name}: {state.finding}: {state.detail}" for state in unusable)
        raise ConfigurationError("\n".join(told))
