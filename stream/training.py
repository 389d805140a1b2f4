"""Training rows: features as the live code makes them, at moments spread over each account."""

import asyncio
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from schemas.errors import ConfigurationError
from schemas.events import LabelEvent
from schemas.features import FEATURE_NAMES
from schemas.ndjson import read_lines
from schemas.wire import parse
from scorers.train import Report, TrainingTable, train
from stream.agents import Gate
from stream.broker.sinks import FileSink
from stream.decide.court import Verdict
from stream.decode.batch import RequestBatch
from stream.decode.geography import Geography
from stream.decode.hashing import KeyedHasher
from stream.metrics import Metrics
from stream.remember.windows import Sight
from stream.replay import LOCAL_PEPPER, REQUESTS, lines, replay
from stream.store import MemoryStore

Progress = Callable[[float], None]

_labels: TypeAdapter[LabelEvent] = TypeAdapter(LabelEvent)


class Truth(NamedTuple):
    """What is known of an account: its label, and the group that is never split up."""

    abusive: bool
    group: str


@dataclass(slots=True)
class Collector:
    """A witness of replay: keeps an account's 1st, 2nd, 3rd, 5th, 8th … row (half as many again).

    Scores must be right from the first request on, and a busy account must not outweigh others.
    """

    truths: dict[str, Truth]
    _due: dict[str, list[int]] = field(default_factory=dict)
    _rows: list[NDArray[np.float32]] = field(default_factory=list)
    _times: list[NDArray[np.int64]] = field(default_factory=list)
    _accounts: list[str] = field(default_factory=list)

    def witness(self, batch: RequestBatch, sight: Sight, rows: NDArray[np.float32]) -> None:
        """Keep the rows that are due."""
        names = [batch.accounts[a] for a in sight.account.tolist()]
        kept = np.array([self._is_due(name) for name in names], bool)
        self._rows.append(rows[kept])
        self._times.append(sight.clock[kept])
        self._accounts += [name for name, keep in zip(names, kept, strict=True) if keep]

    def _is_due(self, account: str) -> bool:
        if account not in self.truths:
            return False
        count = self._due.setdefault(account, [0, 1])
        count[0] += 1
        if count[0] < count[1]:
            return False
        count[1] += max(1, count[1] // 2)
        return True

    def table(self) -> TrainingTable:
        """All that was kept. ConfigurationError when that is nothing."""
        if not self._accounts:
            raise ConfigurationError("no request belongs to a labelled account")
        truths = [self.truths[account] for account in self._accounts]
        return TrainingTable(
            features=np.concatenate(self._rows).reshape(-1, len(FEATURE_NAMES)),
            label=np.array([t.abusive for t in truths], np.int8),
            group=np.array([t.group for t in truths]),
            time=np.concatenate(self._times),
        )


def join(tables: Iterable[TrainingTable]) -> TrainingTable:
    """One table of several; groups of the same name stay one group."""
    parts = list(tables)

    def column(read: Callable[[TrainingTable], NDArray[np.generic]]) -> NDArray[np.generic]:
        return np.concatenate([read(part) for part in parts])

    return TrainingTable(
        column(lambda t: t.features),  # type: ignore[arg-type]
        column(lambda t: t.label),  # type: ignore[arg-type]
        column(lambda t: t.group),
        column(lambda t: t.time),  # type: ignore[arg-type]
    )


class _Blind:
    """A court that neither scores nor decides: while rows are collected there is no model yet."""

    def score(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        return np.zeros(len(rows))

    def judge(self, *_: object) -> list[Verdict]:
        return []


def collect(bodies: Iterable[bytes], truths: dict[str, Truth]) -> TrainingTable:
    """Replay requests (one JSON object each, by time) and keep rows of the accounts in `truths`."""
    collector = Collector(truths)
    gate = Gate(
        court=_Blind(),
        hasher=KeyedHasher(LOCAL_PEPPER),
        geography=Geography(),
        store=MemoryStore(),
        sink=FileSink(io.BytesIO(), io.BytesIO()),
        metrics=Metrics(),
        witness=collector.witness,
    )
    asyncio.run(replay(lines(REQUESTS, bodies), {REQUESTS: gate.handle}))
    return collector.table()


def train_recorded(out: Path, folders: Sequence[Path], seed: int, progress: Progress) -> Report:
    """Train on folders of recorded `requests` and `labels` (NDJSON, as `simulate` writes them).

    `progress` is called after each. Raises ConfigurationError for a folder without them.
    """
    tables = []
    for number, folder in enumerate(folders):
        truths = read_labels(recorded(folder, "labels"), prefix=f"{number}:")
        tables.append(collect(read_lines(recorded(folder, "requests")), truths))
        progress(1)
    return train(join(tables), out, seed=seed)


def read_labels(path: Path, prefix: str = "") -> dict[str, Truth]:
    """What LabelEvents say of each account: the latest one counts. Raises MalformedEventError."""
    events = sorted((parse(_labels, line) for line in read_lines(path)), key=lambda e: e.ts)
    return {
        event.account_id: Truth(
            event.label == "abuse", prefix + (event.campaign_id or event.account_id)
        )
        for event in events
    }


def recorded(folder: Path, name: str) -> Path:
    """The one file of that name, however compressed. Raises ConfigurationError."""
    found = sorted(folder.glob(f"{name}.ndjson*"))
    if len(found) != 1:
        raise ConfigurationError(f"{folder}: {len(found)} files {name}.ndjson*, must be one")
    return found[0]
