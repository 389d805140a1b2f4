"""A worker process: logs, metrics and the Faust app, until a signal ends it."""

import logging
import sys

import faust

from stream.app import create_app
from stream.logs import configure_logs
from stream.metrics import Metrics
from stream.settings import Settings


def run(settings: Settings) -> int:
    """Run until SIGTERM or SIGINT; the exit code is 0 then, and 1 when the worker failed."""
    settings.pepper_bytes()
    configure_logs(settings.log_format, settings.log_level, sys.stderr)
    app = create_app(settings, Metrics())
    worker = faust.Worker(
        app,
        loglevel=logging.getLevelNamesMapping()[settings.log_level.upper()],
        override_logging=False,
        redirect_stdouts=False,
        quiet=True,
    )
    try:
        worker.execute_from_commandline()
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0
