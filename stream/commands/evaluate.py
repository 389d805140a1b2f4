"""`sluicegate evaluate`: how good the detector is, on simulated traffic whose truth is known."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from stream.commands.paper import stderr

if TYPE_CHECKING:
    from stream.evaluate.evaluation import Evaluation
    from stream.evaluate.session import Task

_ACCOUNTS, _DAYS = 3_000, 7.0


def evaluate(
    configuration: Annotated[str, typer.Option(help="Provider: A, B, C, D or all.")] = "B",
    attack: Annotated[str, typer.Option(help="Name of an attack, none or all.")] = "june",
    scenario: Annotated[str | None, typer.Option(help="A named scenario instead of these.")] = None,
    accounts: Annotated[
        int | None, typer.Option(min=50, help="Accounts of each scenario; 3000 unless named.")
    ] = None,
    days: Annotated[
        float | None, typer.Option(min=0.1, help="Days of event time; 7 unless named.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Another seed, other traffic of the same kind.")] = 77,
    attack_share: Annotated[
        float, typer.Option(min=0.001, max=0.9, help="The attack's share of all accounts.")
    ] = 0.1,
    ablate: Annotated[
        bool, typer.Option("--ablate", help="Again without a part of what it sees.")
    ] = False,
    baselines: Annotated[
        bool, typer.Option("--baselines", help="Three simple detectors beside it.")
    ] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Runs at a time.")] = 2,
    cache: Annotated[Path | None, typer.Option(help="Folder to keep simulated traffic in.")] = None,
    prompts: Annotated[
        Path | None, typer.Option(help="Folder of texts: judge the fingerprints on them alone.")
    ] = None,
    json: Annotated[Path | None, typer.Option(help="Where every figure is written.")] = None,
) -> None:
    """Judge the detector: who is reached, what leaks, who is hit without cause."""
    from stream.evaluate.ablations import ABLATIONS
    from stream.evaluate.session import tasks
    from stream.evaluate.tables import paper, print_details, print_overview
    from stream.evaluate.trials import cases, named
    from stream.logs import configure_logs

    if prompts:
        _judge_texts(prompts, seed, json)
        return
    configure_logs("console", "warning", sys.stderr)
    if scenario:
        chosen = [named(scenario, accounts, days, seed)]
    else:
        size = (accounts or _ACCOUNTS, days or _DAYS)
        chosen = list(cases(configuration, attack, *size, seed, attack_share))
    todo = tasks(chosen, ablations=tuple(ABLATIONS) if ablate else (), baselines=baselines)
    console, found = paper(), {}
    for place, evaluation in _performed(todo, jobs, cache):
        found[place] = evaluation
        print_details(console, evaluation)
    in_order = [found[place] for place in range(len(todo))]
    console.print()
    print_overview(console, in_order)
    _write(json, in_order)


def _judge_texts(folder: Path, seed: int, json: Path | None) -> None:
    from stream.evaluate.prompts import judge_prompts
    from stream.evaluate.tables import paper, print_ties

    ties = judge_prompts(folder, seed)
    print_ties(paper(), ties)
    _write(json, ties)


def _write(path: Path | None, figures: object) -> None:
    import msgspec

    if path:
        path.write_bytes(msgspec.json.format(msgspec.json.encode(figures)) + b"\n")


def _performed(
    todo: "Sequence[Task]", jobs: int, cache: Path | None
) -> "Iterator[tuple[int, Evaluation]]":
    """Each task, by its place, when it is done, with a line of progress meanwhile."""
    from stream.evaluate.session import perform, perform_all

    with _line() as progress:
        if jobs > 1 and len(todo) > 1:
            line = progress.add_task(f"{len(todo)} runs, {jobs} at a time; done:")
            for done in perform_all(todo, jobs, cache):
                progress.advance(line)
                yield done
            return
        for place, task in enumerate(todo):
            line = progress.add_task(f"{task.title}, events:")
            yield place, perform(task, cache, partial(progress.advance, line))
            progress.remove_task(line)


@contextmanager
def _line() -> Iterator[Progress]:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description} {task.completed:,.0f}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=stderr, transient=True) as progress:
        yield progress
