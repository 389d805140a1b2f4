"""Training rows: features as the live code makes them, at moments spread over each account."""

import asyncio
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.errors import ConfigurationError
from schemas.features import FEATURE_NAMES
from scorers.train import Report, TrainingTable, train
from simulate.abuse.campaigns import Campaign
from simulate.population import Population
from simulate.scenarios import HONEST, LONERS, Scenario
from stream.agents import Gate
from stream.batch import RequestBatch
from stream.court import Verdict
from stream.geography import Geography
from stream.hashing import KeyedHasher
from stream.metrics import Metrics
from stream.replay import LOCAL_PEPPER, REQUESTS, lines, replay
from stream.sinks import FileSink
from stream.store import MemoryStore
from stream.windows import Sight

Progress = Callable[[float], None]


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


def train_simulated(
    out: Path, seed: int, populations: int, accounts: int, days: float, progress: Progress
) -> Report:
    """Train on simulated populations whose campaigns differ; `progress` is called after each.

    What the simulator knows of every account stands for labels. Errors: see scorers.train.
    """
    tables = []
    for number in range(populations):
        tables.append(_rows_of(_varied(seed, number, accounts, days), number))
        progress(1)
    return train(join(tables), out, seed=seed)


def _varied(seed: int, number: int, accounts: int, days: float) -> Scenario:
    """Campaigns from obvious to careful: own cards, more templates, human pace, mixed traffic."""
    rng = np.random.default_rng((seed, number))
    campaign = Campaign(
        share=float(rng.uniform(0.05, 0.25)),
        per_day=float(rng.uniform(5, 60)),
        cards=int(rng.choice((0, 3, 12, 40))),
        templates=int(rng.integers(4, 80)),
        even=float(rng.uniform(0, 1)),
        drawn_out=float(rng.uniform(0, 0.6)),
        innocent=float(rng.uniform(0, 0.5)),
        sleep=float(rng.uniform(0, 1)),
    )
    cohorts = (*HONEST, *LONERS, campaign)
    return Scenario(f"train-{number}", accounts, days, cohorts, seed=seed * 1_000 + number)


def _rows_of(scenario: Scenario, number: int) -> TrainingTable:
    population = Population(scenario)
    collector = Collector(
        {
            truth.account_id: Truth(truth.abusive, f"{number}:{truth.campaign or truth.account_id}")
            for truth in population.truths()
        }
    )
    gate = Gate(
        court=_Blind(),
        hasher=KeyedHasher(LOCAL_PEPPER),
        geography=Geography(),
        store=MemoryStore(),
        sink=FileSink(io.BytesIO(), io.BytesIO()),
        metrics=Metrics(),
        witness=collector.witness,
    )
    bodies = (line for block in population.request_lines() for line in block.data.splitlines())
    asyncio.run(replay(lines(REQUESTS, bodies), {REQUESTS: gate.handle}))
    return collector.table()
