"""The commands of the edge: `sluicegate edge`, the process, and `sluicegate token …`."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from stream.commands.paper import stdout
from stream.settings import load_settings

Name = Annotated[str, typer.Argument(help="Whose token it is, such as gateway-1.")]
File = Annotated[Path, typer.Option(help="The file of hashes; made where there is none.")]
Allowed = Annotated[
    Literal["check", "read", "act", "admin"],
    typer.Option(help="What it allows: a gateway checks, a dashboard reads, people act."),
]

token = typer.Typer(help="Bearer tokens of the edge, stored as hashes.")


def edge() -> None:
    """Answer the gateway's checks over HTTP. Told everything by its environment."""
    from edge.server import run

    sys.exit(run(load_settings()))


@token.command()
def create(name: Name, file: File, scope: Allowed = "check") -> None:
    """Make a token and print it, once; the file gets its hash."""
    from edge.tokens import Scope, create_token

    print(create_token(file, name, Scope(scope)))


@token.command("list")
def list_tokens(file: File) -> None:
    """Name and scope of every token in the file. Take a line out of it to revoke a token."""
    from edge.tokens import read_grants

    for grant in read_grants(file):
        stdout.print(f"{grant.name} {grant.scope}")
