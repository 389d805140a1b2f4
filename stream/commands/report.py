"""`sluicegate report`: what a campaign did and what was done, for people, courts and providers."""

import asyncio
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress, SpinnerColumn

from stream.commands.paper import stderr, stdout

if TYPE_CHECKING:
    from stream.report.reporting import Summary
    from stream.report.sources import Source

report = typer.Typer(help="What campaigns did and what was done, and a check of the evidence.")


@report.callback(invoke_without_command=True)
def write(
    context: typer.Context,
    out: Annotated[Path | None, typer.Option(help="A folder or a .zip; must not exist.")] = None,
    campaign: Annotated[str | None, typer.Option(help="Only this one; none: all.")] = None,
    campaigns: Annotated[
        Path | None, typer.Option(help="Campaigns, as replay writes them.", exists=True)
    ] = None,
    decisions: Annotated[
        Path | None, typer.Option(help="Decisions, as replay writes them.", exists=True)
    ] = None,
    requests: Annotated[
        Path | None, typer.Option(help="RequestEvents, one a line (.gz, .zst).", exists=True)
    ] = None,
    accounts: Annotated[
        Path | None, typer.Option(help="AccountEvents: who was erased is left out.", exists=True)
    ] = None,
    live: Annotated[bool, typer.Option("--live", help="Read the topics instead.")] = False,
    evidence: Annotated[
        bool, typer.Option("--evidence", help="Add decisions and digests of events, chained.")
    ] = False,
    provider: Annotated[str, typer.Option(help="Who tells: a name for the report.")] = "a provider",
) -> None:
    """Write a report about one campaign, or about all of them with an index."""
    if context.invoked_subcommand is not None:
        return
    if out is None:
        raise typer.BadParameter("where to, as a folder or a .zip", param_hint="--out")
    from stream.decode.geography import open_geography
    from stream.report.reporting import Commission
    from stream.report.reporting import report as run
    from stream.settings import load_settings

    settings = load_settings()
    source = _source(campaigns, decisions, requests, accounts, live)
    commission = Commission(campaign, evidence, provider, int(time.time() * 1_000))
    columns = (SpinnerColumn(), "reading requests", "{task.completed:,.0f}")
    with Progress(*columns, console=stderr, transient=True) as bar:
        task = bar.add_task("", total=None)
        written = run(
            source, out, commission, open_geography(settings), lambda n: bar.advance(task, n)
        )
        summary = asyncio.run(written)
    _tell(summary, out)


@report.command()
def verify(
    pack: Annotated[Path, typer.Argument(help="The folder or .zip.", exists=True)],
    head: Annotated[str | None, typer.Option(help="The head that was published.")] = None,
    requests: Annotated[
        Path | None, typer.Option(help="Request events to hold against it.", exists=True)
    ] = None,
) -> None:
    """Find what was changed, removed, added or moved in a pack. Exit code 1 when there is."""
    from stream.report.verify import verify as check

    findings = check(pack, head, requests)
    for wrong in findings.wrong:
        typer.echo(wrong)
    typer.echo(f"{findings.records:,} records, {len(findings.wrong)} wrong")
    if findings.head:
        typer.echo(f"head {findings.head}")
    sys.exit(1 if findings.wrong else 0)


def _source(
    campaigns: Path | None,
    decisions: Path | None,
    requests: Path | None,
    accounts: Path | None,
    live: bool,
) -> "Source":
    from stream.report.sources import FileSource, Topic, TopicSource
    from stream.settings import load_settings

    if live and not (campaigns or decisions or requests or accounts):
        return TopicSource(load_settings())
    if live or not (campaigns and decisions and requests):
        raise typer.BadParameter("--campaigns, --decisions and --requests, or --live alone")
    paths: dict[Topic, Path] = {
        "campaigns": campaigns,
        "decisions": decisions,
        "requests": requests,
    }
    return FileSource(paths | ({"accounts": accounts} if accounts else {}))


def _tell(summary: "Summary", out: Path) -> None:
    for f in summary.found:
        stdout.print(
            f"{f.campaign_id}: {f.accounts:,} accounts, {f.exchanges:,} exchanges, "
            f"{f.before_detection:,} before detection"
        )
    for topic, count in summary.unreadable.items():
        stderr.print(f"{count:,} of the {topic} could not be read", style="yellow")
    stdout.print(f"campaigns in {out}: {len(summary.found):,}")
    if summary.head:
        stdout.print(f"head {summary.head}")
