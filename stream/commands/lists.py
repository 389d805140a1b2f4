"""`sluicegate lists`: which lists there are, how old they are, and new ones in their place."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from kyc.lists.kinds import Kind

if TYPE_CHECKING:
    from kyc.lists.folder import Folder
    from kyc.lists.manifest import Manifest

lists = typer.Typer(help="Lists of domains, networks and names.", no_args_is_help=True)

_stdout = Console()
_stderr = Console(stderr=True)


@lists.command("import")
def import_(
    kind: Annotated[Kind, typer.Argument(help="What the files list.")],
    files: Annotated[list[Path], typer.Argument(help="Downloaded files (.gz, .zst); one list.")],
    dated: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Date of the data; none: as the files say."),
    ] = None,
) -> None:
    """Put files in place of the list of a kind, whole or not at all."""
    from kyc.lists.imports import import_list

    day = dated.date() if dated else None
    _told(import_list(_folder(), kind, files, datetime.now(UTC), day))


@lists.command()
def update() -> None:
    """Import again what changed where it was imported from. 1 when a file of it is missing."""
    from kyc.lists.imports import changed, import_list
    from schemas.errors import ListError

    folder, failed = _folder(), False
    for kind, manifest in folder.manifests().items():
        files = [Path(source.path) for source in manifest.sources]
        try:
            if changed(manifest):
                _told(import_list(folder, kind, files, datetime.now(UTC)))
            else:
                _stdout.print(f"{kind}: unchanged since {manifest.imported_at:%Y-%m-%d}")
        except (ListError, OSError) as error:
            failed = True
            _stderr.print(f"[red]{kind}:[/] {error}; the list stays as it is", soft_wrap=True)
    sys.exit(1 if failed else 0)


@lists.command()
def show() -> None:
    """Every list with its date, rows and source. 1 when one is stale."""
    from kyc.lists.lookups import shipped_version
    from kyc.lists.manifest import age_limits

    folder, today = _folder(), datetime.now(UTC).date()
    limits = age_limits(folder.path)
    table = Table("list", "of", "by", "rows", "malformed", "age", "source", box=None)
    stale = []
    for kind, manifest in folder.manifests().items():
        age, limit = manifest.age_days(today), limits.get(kind)
        if limit is not None and age > limit:
            stale.append(kind)
        table.add_row(
            kind,
            f"{manifest.dated}",
            manifest.dated_by,
            f"{manifest.count:,}",
            f"{manifest.malformed:,}",
            f"{age} of {limit or '∞'} days" + (" [red]stale[/]" if kind in stale else ""),
            ", ".join(Path(source.path).name for source in manifest.sources),
        )
    _stdout.print(table)
    _stdout.print(f"shipped: {shipped_version()}", soft_wrap=True)
    for kind in stale:
        _stderr.print(f"[yellow]{kind} is stale:[/] download it anew and import it")
    sys.exit(1 if stale else 0)


def _folder() -> "Folder":
    from kyc.lists.folder import Folder
    from schemas.errors import ConfigurationError
    from stream.settings import load_settings, variable

    path = load_settings().lists_dir
    if path is None:
        raise ConfigurationError(f"{variable('lists_dir')}: name the folder for imported lists")
    return Folder(path)


def _told(manifest: "Manifest") -> None:
    _stdout.print(
        f"{manifest.kind}: {manifest.count:,} rows of {manifest.dated} (says {manifest.dated_by}), "
        f"{manifest.malformed:,} malformed",
        soft_wrap=True,
    )
    if manifest.malformed:
        _stderr.print(f"[yellow]the first malformed:[/] {manifest.complaint}", soft_wrap=True)
