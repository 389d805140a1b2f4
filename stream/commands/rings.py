"""`sluicegate train-rings`: what the portraits of rings are worth."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from schemas.errors import ConfigurationError
from stream.commands.paper import stderr
from stream.logs import configure_logs


def train_rings(
    out: Annotated[Path, typer.Option(help="File of the weights; must not exist yet.")],
    seed: Annotated[int, typer.Option(help="Seed of the traffic and of the training.")] = 1,
    populations: Annotated[int, typer.Option(min=2, help="How many to simulate.")] = 8,
    accounts: Annotated[int, typer.Option(min=200, help="Accounts of each.")] = 600,
    days: Annotated[float, typer.Option(min=1, help="Days of each.")] = 6.0,
) -> None:
    """Learn from simulated traffic which rings are campaigns."""
    from stream.curriculum import fit_rings

    configure_logs("console", "error", sys.stderr)
    if out.exists():
        raise ConfigurationError(f"{out} exists: weights are never written over others")
    with Progress(console=stderr, transient=True) as progress:
        task = progress.add_task("replaying", total=populations)
        weights = fit_rings(
            seed, populations, accounts, days, lambda step: progress.advance(task, step)
        )
    weights.save(out)
    told = ", ".join(f"{name} {value:+.2f}" for name, value in weights.told().items())
    stderr.print(f"{weights.version}: {told}")
