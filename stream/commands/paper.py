"""Where commands write: every text as it stands, tables whole, times in UTC.

Rich would take `[a]` for a style and `:key:` for a picture; ids and reasons may hold both.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Column, Table
from rich.text import Text

# Into a pipe or a file rows are written whole: nothing cuts an id.
_WIDE: Final = 500
_plain = partial(Console, markup=False, emoji=False, highlight=False, soft_wrap=True)

stdout = _plain(width=None if sys.stdout.isatty() else _WIDE)
stderr = _plain(width=None if sys.stderr.isatty() else _WIDE, stderr=True)


def tabulate(
    names: Sequence[str], rows: Iterable[Sequence[object]], console: Console = stdout
) -> None:
    """Rows under the names of their columns; numbers to the right, their thousands apart."""
    table = Table(*(Column(name, overflow="fold") for name in names), box=None)
    for row in rows:
        table.add_row(*map(_cell, row))
    console.print(table)


def _cell(value: object) -> Text:
    if isinstance(value, int | float):
        return Text(f"{value:,}", justify="right")
    return value if isinstance(value, Text) else Text(str(value))


def complain(text: str) -> None:
    """Say what is wrong, in one line."""
    stderr.print(Text.assemble(("sluicegate:", "red"), f" {text}"))


def moment(ms: int) -> str:
    """A time of the contract, ms, to the second."""
    return f"{datetime.fromtimestamp(ms / 1_000, UTC):%Y-%m-%d %H:%M:%S} UTC"


@contextmanager
def progress_bar(text: str, total: float | None) -> Iterator[Callable[[float], None]]:
    """A progress bar while the block lasts; yields the function that moves it on."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f}" if total is None else "{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=stderr, transient=True) as progress:
        task = progress.add_task(text, total=total)
        yield lambda step: progress.advance(task, step)
