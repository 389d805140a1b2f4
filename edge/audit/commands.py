"""The commands of the audit chains: `sluicegate audit …`."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from schemas.errors import ConfigurationError
from stream.logs import configure_logs
from stream.settings import load_settings

audit = typer.Typer(help="The chains of who decided what: written, verified, read.")

Folder = Annotated[
    Path, typer.Argument(help="Folder of the chains' files.", exists=True, file_okay=False)
]


@audit.command()
def write(files: Annotated[Path, typer.Option(help="Folder that the chains are kept in.")]) -> None:
    """Record decisions, labels, orders and erasures. Told everything else by its environment."""
    from edge.audit.service import write as run

    settings = load_settings()
    configure_logs(settings.log_format, settings.log_level, sys.stderr)
    asyncio.run(run(settings, files))


@audit.command()
def verify(
    path: Annotated[Path, typer.Argument(help="A file, or a folder of chains.", exists=True)],
    heads: Annotated[
        Path | None, typer.Option(help="Heads that were published: what `audit head` wrote.")
    ] = None,
) -> None:
    """Find records that are changed, missing, moved or cut off. Exit code 1 when there are."""
    from edge.audit.files import read_heads
    from edge.audit.verify import verify as check

    findings = check(path, read_heads(heads) if heads else {})
    for wrong in findings.wrong:
        typer.echo(wrong)
    whole = sum(head.sequence for head in findings.heads.values())
    typer.echo(f"{len(findings.heads)} chains, {whole:,} records, {len(findings.wrong)} wrong")
    sys.exit(1 if findings.wrong else 0)


@audit.command()
def head(folder: Folder) -> None:
    """Write each chain's head, one a line: to publish where nobody can change it."""
    import msgspec

    from edge.audit.verify import verify as check

    findings = check(folder, {})
    if findings.wrong:
        raise ConfigurationError(f"no head stands for what is not whole: {findings.wrong[0]}")
    for found in findings.heads.values():
        typer.echo(msgspec.json.encode(found).decode())


@audit.command()
def read(account: Annotated[str, typer.Argument(help="The account.")], folder: Folder) -> None:
    """What the chains hold about an account, oldest first. Exit code 1 when it was erased."""
    from edge.audit.reading import find_key, readable

    key = asyncio.run(find_key(load_settings(), account))
    if key is None:
        typer.echo(f"{account}: no key; it was erased, or there is no record of it", err=True)
        sys.exit(1)
    for line in readable(folder, account, key):
        typer.echo(line)
