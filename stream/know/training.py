"""Training of the model of identity: opinions as the live path forms them, and what was true."""

import asyncio
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kyc.facts import Reading
from kyc.lists.lookups import Lists
from kyc.policy import load_kyc_policy
from schemas.errors import ConfigurationError
from schemas.ndjson import read_lines
from scorers.train import Report, TrainingTable, train
from stream.broker.sinks import FileSink
from stream.controls.table import Controls
from stream.decode.geography import Geography, open_geography
from stream.decode.hashing import KeyedHasher
from stream.know.accounts import Registry
from stream.know.assessor import IDENTITY, Assessor, Occasion, Opinion, Rows
from stream.know.census import MemoryCensus
from stream.know.inquiry import Inquiry
from stream.learn.labelling import Truth, read_labels
from stream.lines import ACCOUNTS, lines
from stream.local import LOCAL_PEPPER
from stream.metrics import Metrics
from stream.replay import replay
from stream.settings import load_settings
from stream.store import MemoryStore
from stream.training import Progress, recorded

# Scores must be right from the first event on, and an account that logs in daily must not outweigh
# others.
EVENTS: Final = 8
# Few signals, and few accounts for them: four levels hold any four of them together.
DEPTH: Final = 4


@dataclass(slots=True)
class Collector:
    """A witness of the registry: keeps the first EVENTS rows of each account in `truths`."""

    truths: dict[str, Truth]
    _count: dict[str, int] = field(default_factory=dict)
    _kept: list[tuple[str, int, Rows]] = field(default_factory=list)

    def witness(self, occasions: Sequence[Occasion], opinions: Sequence[Opinion]) -> None:
        """Keep the rows that are due."""
        for occasion, opinion in zip(occasions, opinions, strict=True):
            account = occasion.account
            count = self._count[account] = self._count.get(account, 0) + 1
            if account in self.truths and count <= EVENTS:
                self._kept.append((account, occasion.ts, opinion.row))

    def table(self) -> TrainingTable:
        """All that was kept. ConfigurationError when that is nothing."""
        if not self._kept:
            raise ConfigurationError("no account event belongs to a labelled account")
        accounts, times, rows = zip(*self._kept, strict=True)
        truths = [self.truths[account] for account in accounts]
        return TrainingTable(
            features=np.stack(rows),
            label=np.array([truth.abusive for truth in truths], np.int8),
            group=np.array([truth.group for truth in truths]),
            time=np.array(times, np.int64),
        )


class _Blind:
    """A model that has yet to be made."""

    version = "none"

    def score(self, rows: Rows) -> NDArray[np.float64]:
        return np.zeros(len(rows))

    def contributions(self, rows: Rows) -> Rows:
        return np.zeros_like(rows)


def collect(
    bodies: Iterable[bytes], truths: dict[str, Truth], lists: Lists, geography: Geography
) -> TrainingTable:
    """Replay account events (one JSON object each, by time), keep rows of accounts in `truths`."""
    collector, policy = Collector(truths), load_kyc_policy()
    hasher, store = KeyedHasher(LOCAL_PEPPER), MemoryStore()
    assessor = Assessor(_Blind(), policy, controls=Controls("shadow"))
    registry = Registry(
        Reading(hasher, geography.locate, lists, policy.famous_mail),
        Inquiry(assessor, MemoryCensus(), store, collector.witness),
        store,
        FileSink(io.BytesIO(), io.BytesIO()),
        Metrics(),
    )
    asyncio.run(replay(lines(ACCOUNTS, bodies), {ACCOUNTS: registry.handle}))
    return collector.table()


def train_tables(out: Path, tables: Iterable[TrainingTable], seed: int) -> Report:
    """Train on what was collected. Errors: see scorers.train."""
    return train(TrainingTable.join(list(tables)), out, seed=seed, inputs=IDENTITY, depth=DEPTH)


def train_recorded(out: Path, folders: Sequence[Path], seed: int, progress: Progress) -> Report:
    """Train on folders of recorded `accounts` and `labels` (NDJSON, as `simulate` writes them).

    `progress` is called after each. Raises ConfigurationError for a folder without them.
    """
    tables, geography = [], open_geography(load_settings())
    for number, folder in enumerate(folders):
        truths = read_labels(recorded(folder, "labels"), prefix=f"{number}:")
        bodies = read_lines(recorded(folder, "accounts"))
        tables.append(collect(bodies, truths, Lists(), geography))
        progress(1)
    return train_tables(out, tables, seed)
