"""The command of erasure: `sluicegate erasure prove`."""

import asyncio
import sys
from typing import Annotated

import typer
from rich.text import Text

from stream.commands.paper import stderr, tabulate

erasure = typer.Typer(help="Legal erasures of accounts.", no_args_is_help=True)

_COLOURS = {"gone": "green", "ages out": "yellow", "left": "red"}


@erasure.callback()
def _group() -> None:
    """More than one command may come: `prove` keeps its name."""


@erasure.command()
def prove(
    account: Annotated[str, typer.Argument(help="The account that was erased.")],
    wait: Annotated[
        float, typer.Option(min=0, help="Seconds that the erasure may still take.")
    ] = 60.0,
) -> None:
    """Look for an account in the whole store and in every topic. 1 when anything is left."""
    from edge.erased.proof import is_left
    from edge.erased.proof import prove as look
    from stream.logs import configure_logs
    from stream.settings import load_settings

    settings = load_settings()
    configure_logs("console", "error", sys.stderr)
    with stderr.status("looking") as status:

        def told(place: str, count: int) -> None:
            status.update(f"{place}: {count:,} read")

        found = asyncio.run(look(settings, account, wait, told))
    rows = [(place, Text(verdict, _COLOURS[verdict]), detail) for place, verdict, detail in found]
    tabulate(("place", "", ""), rows)
    sys.exit(1 if is_left(found) else 0)
