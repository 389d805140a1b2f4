"""`sluicegate train` and `sluicegate snapshot`: from what was recorded to a model."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress

from schemas.errors import ConfigurationError
from stream.commands.paper import stderr
from stream.logs import configure_logs

if TYPE_CHECKING:
    from stream.learn.labelling import Terms
    from stream.learn.lessons import Plan, Trained

DAY_MS = 86_400_000
NEWEST = 0.2  # of what was recorded: evaluated on, as the days after a training would be


def train(
    out: Annotated[Path, typer.Option(help="Folder of the model; must not exist yet.")],
    data: Annotated[
        list[Path] | None,
        typer.Option(help="Folder with requests and labels; may be given often. None: simulate."),
    ] = None,
    snapshots: Annotated[
        list[Path] | None,
        typer.Option(help="A snapshot; may be given often. With --labels.", exists=True),
    ] = None,
    labels: Annotated[
        Path | None, typer.Option(help="LabelEvents about the snapshots' accounts.", exists=True)
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(help="No row and no label after this time (UTC).")
    ] = None,
    maturity: Annotated[
        float | None,
        typer.Option(min=0, help="Days until a row without a label is benign. None: never."),
    ] = None,
    newest: Annotated[
        float | None,
        typer.Option(
            min=0, max=0.9, help="Share of the rows, the newest, that only evaluation sees."
        ),
    ] = None,
    trials: Annotated[int, typer.Option(min=1, max=200, help="Hyper-parameters to try.")] = 1,
    minutes: Annotated[float, typer.Option(min=0, help="No trial begins after so long.")] = 10.0,
    report: Annotated[
        Path | None, typer.Option(help="Evaluation as one HTML file; must not exist yet.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the traffic and of the training.")] = 1,
    populations: Annotated[int, typer.Option(min=4, help="How many to simulate.")] = 10,
    accounts: Annotated[int, typer.Option(min=100, help="Accounts of each.")] = 500,
    days: Annotated[float, typer.Option(min=1, help="Days of each.")] = 7.0,
) -> None:
    """Train a model on snapshots, or on traffic that is replayed: recorded, or simulated."""
    from scorers.search import Budget
    from stream.learn.lessons import Plan

    configure_logs("console", "warning", sys.stderr)
    _refuse(out)
    if report:
        _refuse_file(report)
    if (snapshots is None) != (labels is None):
        raise typer.BadParameter("--snapshots and --labels go together")
    if snapshots and data:
        raise typer.BadParameter("--data or --snapshots, not both")
    # Simulated populations run side by side in time: their newest rows are no later days.
    share = newest if newest is not None else NEWEST if data or snapshots else 0.0
    plan, terms = Plan(seed, Budget(trials, 60 * minutes), share), _terms(until, maturity)
    if not (data or snapshots):
        plan = plan._replace(source=_simulated(seed, populations, accounts, days))
    with _progress(len(data or snapshots or []) or populations) as advance:
        if snapshots and labels:
            from stream.training import train_snapshots

            trained = train_snapshots(out, snapshots, labels, plan, terms, advance)
        elif data:
            from stream.training import train_recorded

            trained = train_recorded(out, data, plan, terms, advance)
        else:
            from stream.curriculum import train_simulated

            trained = train_simulated(out, plan, populations, accounts, days, advance)
    _tell(trained, plan, out, report)


def snapshot(
    requests: Annotated[Path, typer.Option(help="RequestEvents, one a line (.gz, .zst).")],
    out: Annotated[Path, typer.Option(help="Parquet file; must not exist yet.")],
    accounts: Annotated[Path | None, typer.Option(help="AccountEvents, one a line.")] = None,
    every: Annotated[
        bool, typer.Option("--all", help="A row for every request, not at chosen moments.")
    ] = False,
) -> None:
    """Replay recorded events and keep their feature rows, each as of its own event."""
    from schemas.ndjson import read_lines
    from stream.training import take

    configure_logs("console", "warning", sys.stderr)
    _refuse_file(out)
    with stderr.status("replaying"):
        taken = take(read_lines(requests), read_lines(accounts) if accounts else (), every)
        taken.write(out)
    stderr.print(f"{len(taken.time):,} rows of {len(taken.accounts):,} accounts in {out}")


def _terms(until: datetime | None, maturity: float | None) -> "Terms":
    from stream.learn.labelling import ALL

    return ALL._replace(
        **({} if until is None else {"until": int(until.replace(tzinfo=UTC).timestamp() * 1_000)}),
        maturity_ms=None if maturity is None else int(maturity * DAY_MS),
    )


def _refuse(out: Path) -> None:
    if out.exists():
        raise ConfigurationError(f"{out} exists: nothing is written over it")


def _refuse_file(out: Path) -> None:
    # Now, and not after an hour of training.
    _refuse(out)
    if not out.parent.is_dir():
        raise ConfigurationError(f"{out.parent}: no such folder")


def _simulated(seed: int, populations: int, accounts: int, days: float) -> str:
    from stream.evaluate.trials import TRAINED_ON

    options = f"--seed {seed} --populations {populations} --accounts {accounts} --days {days:g}"
    return (
        f"Simulated: `sluicegate train {options}`. So many populations of configuration "
        f"{TRAINED_ON}, all honest cohorts of the simulator with lone abusers and one campaign "
        "each, whose share, pace, cards, templates and evenness are drawn at random "
        "(stream/curriculum.py); account events and a linker in the same process, as live. The "
        "attacks, configurations and seeds of `sluicegate evaluate` are not among them."
    )


def _tell(trained: "Trained", plan: "Plan", out: Path, report: Path | None) -> None:
    from stream.learn.card import NAME, card

    (out / NAME).write_text(card(trained, plan), "utf-8")
    if report:
        from stream.learn.page import page

        report.write_text(page(trained, plan), "utf-8")
    made = trained.report
    tried = f" (the best of {len(made.found.trials)} trials)" if plan.budget.trials > 1 else ""
    stderr.print(
        f"{made.version}: {made.trees} trees{tried}; on held-out groups AUC "
        f"{made.evaluation.auc:.4f}, average precision {made.evaluation.average_precision:.4f}"
    )


@contextmanager
def _progress(total: int) -> Iterator[Callable[[float], None]]:
    """A bar while the block lasts; yields the function that moves it on."""
    with Progress(console=stderr, transient=True) as bar:
        task = bar.add_task("replaying", total=total)
        yield lambda step: bar.advance(task, step)
