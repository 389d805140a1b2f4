"""Lessons: tables to train on, with what a report tells of their rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from scorers.search import Budget
from scorers.train import ONCE, Report, TrainingTable, train
from stream.remember.calendar import Ints


@dataclass(frozen=True, slots=True)
class Lesson:
    """A table of n rows. account: a number for each account; request: how many it had made at the
    row; exchanges: how many it made in all; cohort: what kind of account, "" where not known."""

    table: TrainingTable
    account: Ints
    request: Ints
    exchanges: Ints
    cohort: NDArray[np.str_]

    @classmethod
    def join(cls, lessons: Sequence[Self]) -> "Lesson":
        """One lesson of several: accounts stay apart, groups of one name are one group."""
        tops = [int(one.account.max(initial=-1)) + 1 for one in lessons]
        begins = np.cumsum([0, *tops[:-1]])
        return Lesson(
            table=TrainingTable.join([one.table for one in lessons]),
            account=_stacked(one.account + b for one, b in zip(lessons, begins, strict=True)),
            request=_stacked(one.request for one in lessons),
            exchanges=_stacked(one.exchanges for one in lessons),
            cohort=np.concatenate([one.cohort for one in lessons]),
        )


class Plan(NamedTuple):
    """How to train: the seed, the search's bounds, and the share of rows, by time, that only
    evaluation sees. source: what is learnt from, for the model card."""

    seed: int = 1
    budget: Budget = ONCE
    newest: float = 0.0
    source: str = "Recorded traffic and its labels."


class Trained(NamedTuple):
    """A model, and what it learnt from."""

    report: Report
    lesson: Lesson


def study(lessons: Sequence[Lesson], out: Path, plan: Plan) -> Trained:
    """Train on all of them. Errors: see scorers.train."""
    lesson = Lesson.join(lessons)
    report = train(lesson.table, out, seed=plan.seed, budget=plan.budget, newest=plan.newest)
    return Trained(report, lesson)


def _stacked(parts: Iterable[Ints]) -> Ints:
    return np.concatenate(list(parts))
