"""`sluicegate labels`: how many, from whom, where they disagree, with one another and with us."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stream.commands.paper import stderr, stdout, tabulate

if TYPE_CHECKING:
    from stream.learn.tally import Findings
    from stream.report.sources import Source


def labels(
    labels: Annotated[
        Path | None, typer.Option(help="LabelEvents, one a line. None: the topics.", exists=True)
    ] = None,
    decisions: Annotated[
        Path | None, typer.Option(help="Decisions, as replay writes them.", exists=True)
    ] = None,
    accounts: Annotated[
        Path | None, typer.Option(help="AccountEvents: since when accounts are.", exists=True)
    ] = None,
    show: Annotated[int, typer.Option(min=0, help="How many accounts to name of a kind.")] = 10,
    as_json: Annotated[
        bool, typer.Option("--json", help="Everything as JSON, on standard output.")
    ] = False,
) -> None:
    """How many labels there are, from whom, how late, and how they disagree."""
    import msgspec

    from stream.learn.tally import Tally

    tally = Tally()
    asyncio.run(tally.read(_source(labels, decisions, accounts)))
    findings = tally.findings()
    for topic, count in findings.unreadable.items():
        stderr.print(f"{count:,} of the {topic} could not be read", style="yellow")
    if as_json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(findings)).decode() + "\n")
    else:
        _tell(findings, show)


def _source(labels: Path | None, decisions: Path | None, accounts: Path | None) -> "Source":
    from stream.report.sources import FileSource, Topic, TopicSource
    from stream.settings import load_settings

    named: dict[Topic, Path | None] = {
        "labels": labels,
        "decisions": decisions,
        "accounts": accounts,
    }
    paths = {topic: path for topic, path in named.items() if path}
    if paths and "labels" not in paths:
        raise typer.BadParameter("--labels too, or none of them for the topics")
    return FileSource(paths) if paths else TopicSource(load_settings())


def _tell(findings: "Findings", show: int) -> None:
    stdout.print(f"{findings.labels:,} labels of {findings.accounts:,} accounts")
    tabulate(
        ("source", "labels", "last said abuse of", "last said benign of"),
        [(v.source, v.labels, v.abuse, v.benign) for v in findings.voices],
    )
    if findings.delays:
        tabulate(
            ("first label after", "accounts", "median days", "nine in ten, days"),
            [(label, *delay) for label, delay in findings.delays.items()],
        )
    _crosstab("when the last label came, what stood", findings.stood)
    _crosstab("highest score of a decision until then", findings.scored)
    _name("sources disagree", [_conflict(c.account, c.said) for c in findings.conflicts], show)
    _name("benign, and an action stood", findings.wronged, show)
    _name("abusive, and none stood", findings.missed, show)


def _conflict(account: str, said: Mapping[str, str]) -> str:
    return f"{account} ({', '.join(f'{source}: {label}' for source, label in said.items())})"


def _crosstab(title: str, counts: Mapping[str, Mapping[str, int]]) -> None:
    columns = sorted({column for row in counts.values() for column in row})
    rows = [(label, *(row.get(column, 0) for column in columns)) for label, row in counts.items()]
    tabulate((title, *columns), rows)


def _name(title: str, accounts: Sequence[str], show: int) -> None:
    if not accounts:
        return
    more = f" and {len(accounts) - show:,} more" if len(accounts) > show else ""
    told = ", ".join(accounts[:show])
    stdout.print(f"{title}: {len(accounts):,}. {told}{more}")
