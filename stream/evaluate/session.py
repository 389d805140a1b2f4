"""Many evaluations, some at a time, each in a process of its own."""

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from stream.evaluate.baselines import BASELINES, Watch
from stream.evaluate.evaluation import SLUICEGATE, Evaluation, evaluate
from stream.evaluate.judge import Progress
from stream.evaluate.trials import Case
from stream.evaluate.tuning import tuned
from stream.logs import configure_logs


class Task(NamedTuple):
    """One run: a case, who judges it, and what is taken away."""

    case: Case
    detector: str = SLUICEGATE
    without: str | None = None

    @property
    def title(self) -> str:
        """For a line of progress."""
        taken = f" without {self.without}" if self.without else ""
        return f"{self.case.scenario.name}, {self.detector}{taken}"


def tasks(cases: Sequence[Case], *, ablations: Sequence[str], baselines: bool) -> list[Task]:
    """Every case as it is, without each of `ablations`, and through the baselines."""
    return [
        task
        for case in cases
        for task in (
            Task(case),
            *(Task(case, without=name) for name in ablations),
            *(Task(case, name) for name in BASELINES if baselines),
        )
    ]


def perform(task: Task, cache: Path | None, progress: Progress | None = None) -> Evaluation:
    """Do one task in this process."""
    case = task.case
    detector = None
    if task.detector != SLUICEGATE:
        home = (case.configuration, case.scenario.accounts, case.scenario.days)
        detector = Watch(tuned(task.detector, *home, cache))
    return evaluate(
        case.scenario,
        detector,
        attack=case.attack,
        name=task.detector,
        without=task.without,
        cache=cache,
        progress=progress,
    )


def perform_all(
    todo: Sequence[Task], jobs: int, cache: Path | None
) -> Iterator[tuple[int, Evaluation]]:
    """Do all tasks, `jobs` at a time; yield each with its place when it is done, in any order."""
    # Not forked: XGBoost's and ONNX's threads do not live through that.
    context = get_context("spawn")
    with ProcessPoolExecutor(jobs, context, _hush) as pool:
        futures = {pool.submit(perform, task, cache): place for place, task in enumerate(todo)}
        for future in as_completed(futures):
            yield futures[future], future.result()


def _hush() -> None:
    """Decisions by the thousand are not for a terminal."""
    configure_logs("console", "warning", sys.stderr)
