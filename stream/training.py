"""Training from what was recorded: replayed into a snapshot, joined with labels, learnt from."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from schemas.errors import ConfigurationError
from schemas.ndjson import read_lines
from stream.decide.court import Verdict
from stream.decide.matter import Matter
from stream.decide.statute import Bars
from stream.learn.labelling import Terms, Truth, lesson, read_labels
from stream.learn.lessons import Lesson, Plan, Trained, study
from stream.learn.snapshots import Camera, Snapshot
from stream.lines import ACCOUNTS, REQUESTS, lines, merged
from stream.local import local_handlers
from stream.replay import replay
from stream.settings import load_settings

Progress = Callable[[float], None]


class _Blind:
    """A court that neither scores nor decides: while rows are collected there is no model yet."""

    def score(self, matter: Matter, /) -> NDArray[np.float64]:
        return np.zeros(len(matter.rows))

    def conduct(self, matter: Matter, /) -> NDArray[np.float64]:
        return np.zeros(len(matter.rows))

    def judge(self, *_: object, **__: object) -> list[Verdict]:
        return []

    def review(self, *_: object) -> None:
        """There is nothing to compare."""

    def heed(self, _: Bars) -> None:
        """Without a score no bar matters."""


def take(
    requests: Iterable[bytes], accounts: Iterable[bytes] = (), every: bool = False
) -> Snapshot:
    """Replay events (one JSON object each, by time) through the live path, and keep its rows.

    every: a row for every request, not only at chosen moments. ConfigurationError without any.
    """
    camera = Camera(every)
    handlers = local_handlers(load_settings(), camera, court=_Blind(), witness=camera.witness)
    events = merged(lines(ACCOUNTS, accounts), lines(REQUESTS, requests))
    asyncio.run(replay(events, handlers))
    return camera.snapshot()


def collect(
    requests: Iterable[bytes], truths: dict[str, Truth], accounts: Iterable[bytes] = ()
) -> Lesson:
    """Replay events and keep rows of the accounts in `truths`. Errors: see `take`."""
    return lesson(take(requests, accounts), truths)


def train_recorded(
    out: Path, folders: Sequence[Path], plan: Plan, terms: Terms, progress: Progress
) -> Trained:
    """Train on folders of recorded `requests`, `labels` and, where there are any, `accounts`
    (NDJSON, as `simulate` writes them).

    `progress` is called after each. Raises ConfigurationError for a folder without them.
    """
    lessons = []
    for number, folder in enumerate(folders):
        prefix = f"{number}:"
        truths = read_labels(recorded(folder, "labels"), prefix, terms.until)
        told = read_lines(recorded(folder, "accounts")) if _found(folder, "accounts") else ()
        snapshot = take(read_lines(recorded(folder, "requests")), told)
        lessons.append(lesson(snapshot, truths, terms, prefix))
        progress(1)
    return study(lessons, out, plan)


def train_snapshots(
    out: Path, snapshots: Sequence[Path], labels: Path, plan: Plan, terms: Terms, progress: Progress
) -> Trained:
    """Train on snapshots of one stream and its LabelEvents (NDJSON).

    `progress` is called after each snapshot. Raises ConfigurationError for what is no snapshot.
    """
    truths, lessons = read_labels(labels, until=terms.until), []
    for path in snapshots:
        lessons.append(lesson(Snapshot.read(path), truths, terms))
        progress(1)
    return study(lessons, out, plan)


def recorded(folder: Path, name: str) -> Path:
    """The one file of that name, however compressed. Raises ConfigurationError."""
    found = _found(folder, name)
    if len(found) != 1:
        raise ConfigurationError(f"{folder}: {len(found)} files {name}.ndjson*, must be one")
    return found[0]


def _found(folder: Path, name: str) -> list[Path]:
    return sorted(folder.glob(f"{name}.ndjson*"))
