"""`sluicegate replay`: recorded events through the live path."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from stream.commands.paper import progress_bar, stderr
from stream.logs import configure_logs


def replay(
    requests: Annotated[Path, typer.Option(help="RequestEvents, one a line (.gz, .zst).")],
    decisions: Annotated[Path, typer.Option(help="Where decisions are written.")],
    accounts: Annotated[Path | None, typer.Option(help="AccountEvents, one a line.")] = None,
    campaigns: Annotated[Path | None, typer.Option(help="Where campaigns are written.")] = None,
    labels: Annotated[Path | None, typer.Option(help="LabelEvents, one a line.")] = None,
    every: Annotated[bool, typer.Option("--all", help="A decision for every request.")] = False,
) -> None:
    """Run recorded events through the live path, in event time; nothing else is needed."""
    from stream.replay import replay_files

    configure_logs("console", "warning", sys.stderr)
    with progress_bar("replaying", None) as advance:
        summary = asyncio.run(
            replay_files(
                accounts,
                requests,
                decisions,
                campaigns=campaigns,
                labels=labels,
                every=every,
                progress=advance,
            )
        )
    stderr.print(summary.told())
