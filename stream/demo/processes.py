"""Sluicegate's own processes in the demo, each told everything by its environment."""

import asyncio
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any, Final
from urllib.request import urlopen

from schemas.errors import ConfigurationError
from stream.demo.child import Child, child
from stream.demo.embedded import free_port
from stream.variables import variable

# Each starts in 3 s on an idle core; the rest is for five at once on a machine under load.
START_LIMIT_S: Final = 90.0
POLL_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class Process:
    """A running command, and where its web port answers."""

    child: Child
    url: str


def environment(told: dict[str, Any]) -> dict[str, str]:
    """The environment of a process: ours, with these settings and no other."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(variable(""))}
    return inherited | {variable(name): str(value) for name, value in told.items()}


@contextmanager
def process(command: str, told: dict[str, Any]) -> Iterator[Process]:
    """Run a command of sluicegate's for as long as the block lasts; it may not be ready yet."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    line = [sys.executable, "-m", "stream", command]
    environ = environment({**told, "web_port": port})
    with (
        TemporaryDirectory(prefix="sluicegate-") as folder,
        child(
            f"sluicegate {command}", line, Path(folder), lambda: _healthy(url), environ=environ
        ) as running,
    ):
        yield Process(running, url)


async def all_ready(children: Sequence[Child]) -> None:
    """Return once all are. Raises ConfigurationError when one ends, or time is over."""
    deadline = monotonic() + START_LIMIT_S
    while waiting := [child for child in children if not child.ready()]:
        for one in waiting:
            one.refuse_ended()
        if monotonic() > deadline:
            raise ConfigurationError(f"{waiting[0].what} did not start in {START_LIMIT_S:.0f} s")
        await asyncio.sleep(POLL_S)


def _healthy(url: str) -> bool:
    try:
        with urlopen(f"{url}/healthz", timeout=1) as answer:  # noqa: S310 - http, loopback
            return bool(answer.status == HTTPStatus.OK)
    except OSError:
        return False
