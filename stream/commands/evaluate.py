"""`sluicegate evaluate`: how good the detector is, on simulated traffic whose truth is known."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from stream.evaluate.judge import Progress as Advance

_stderr = Console(stderr=True)


def evaluate(
    configuration: Annotated[str, typer.Option(help="Provider: A, B, C, D or all.")] = "B",
    attack: Annotated[str, typer.Option(help="Name of an attack, none or all.")] = "june",
    accounts: Annotated[int, typer.Option(min=50, help="Accounts of each scenario.")] = 3_000,
    days: Annotated[float, typer.Option(min=0.1, help="Days of event time.")] = 7.0,
    seed: Annotated[int, typer.Option(help="Another seed, other traffic of the same kind.")] = 77,
    attack_share: Annotated[
        float, typer.Option(min=0.001, max=0.9, help="The attack's share of all accounts.")
    ] = 0.1,
    json: Annotated[Path | None, typer.Option(help="Where every figure is written.")] = None,
) -> None:
    """Judge the detector: who is reached, what leaks, who is hit without cause."""
    import msgspec

    from stream.evaluate.evaluation import evaluate as judged
    from stream.evaluate.tables import paper, print_details, print_overview
    from stream.evaluate.trials import cases
    from stream.logs import configure_logs

    configure_logs("console", "warning", sys.stderr)
    console, found = paper(), []
    for case in list(cases(configuration, attack, accounts, days, seed, attack_share)):
        with _counting(case.scenario.name) as advance:
            found.append(judged(case.scenario, attack=case.attack, progress=advance))
        print_details(console, found[-1])
    console.print()
    print_overview(console, found)
    if json:
        json.write_bytes(msgspec.json.format(msgspec.json.encode(found)) + b"\n")


@contextmanager
def _counting(text: str) -> Iterator["Advance"]:
    """A count of events while the block lasts; yields the function that moves it on."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TextColumn("{task.completed:,.0f} events"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=_stderr, transient=True) as progress:
        task = progress.add_task(text, total=None)
        yield lambda count: progress.advance(task, count)
