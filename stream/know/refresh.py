"""Lists that change while a worker runs: read beside the work, and taken by one reference.

A folder of which a part is broken is refused, and what was read before goes on.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, NamedTuple

import structlog

from kyc.lists.folder import Folder
from kyc.lists.lookups import Lists
from kyc.lists.roll import Roll, roll_version
from kyc.screening.screener import Screener
from kyc.screening.watch import Watch
from schemas.errors import ConfigurationError, ListError
from stream.decode.geography import Geography, open_geography
from stream.metrics import Metrics
from stream.settings import Settings

EVERY_S: Final = 15.0  # an import is a person's or a nightly job's: nobody waits for seconds

log = structlog.get_logger()


class Consulted(NamedTuple):
    """What a folder of lists says. watch: None without a list of names."""

    lists: Lists
    watch: Watch | None
    geography: Geography


Heed = Callable[[Consulted], None]
Rescreen = Callable[[str], Awaitable[None]]


class State(NamedTuple):
    """A state of the folder: of all its lists, and of its lists of names alone."""

    stamp: str
    roll: str


def consult(settings: Settings) -> Consulted:
    """Read the folder of lists: 25,000 names in seconds. Raises ListError or ConfigurationError."""
    roll = Roll.load(settings.lists_dir)
    watch = Watch(Screener(roll.entries)) if roll.version else None
    return Consulted(Lists.load(settings.lists_dir), watch, open_geography(settings))


def state(folder: Path) -> State:
    """The folder as it is, by its manifests. Raises ListError on a broken one."""
    manifests = Folder(folder).manifests()
    return State(" ".join(f"{k}={m.sha256}" for k, m in manifests.items()), roll_version(manifests))


async def follow_lists(
    settings: Settings,
    held: State,
    heed: Heed,
    rescreen: Rescreen,
    metrics: Metrics,
    every_s: float = EVERY_S,
) -> None:
    """Hand over what a changed folder says, until cancelled. held: what was read already; rescreen:
    is told, time and again, the lists of names that are screened with."""
    folder, refused, told = settings.lists_dir, "", ""
    while folder:
        await rescreen(held.roll)
        await asyncio.sleep(every_s)
        try:
            # In threads: files are read, and the work goes on meanwhile.
            found = await asyncio.to_thread(state, folder)
            if found.stamp in {held.stamp, refused}:
                continue
            refused = found.stamp
            heed(await asyncio.to_thread(consult, settings))
        except (ListError, ConfigurationError, OSError) as error:
            if isinstance(error, OSError):
                refused = ""  # the disk's fault, not the list's: it is read again
            if str(error) != told:
                told = str(error)
                metrics.lists.labels("refused").inc()
                log.error("lists.refused", error=told)
        else:
            held, told = found, ""
            metrics.lists.labels("taken").inc()
            log.info("lists.taken", roll=held.roll)
