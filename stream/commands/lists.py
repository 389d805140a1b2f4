"""`sluicegate lists`: which lists there are, how old they are, and new ones in their place."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kyc.lists.kinds import Kind
from stream.commands.paper import stderr, stdout, tabulate

if TYPE_CHECKING:
    from kyc.lists.folder import Folder
    from kyc.lists.manifest import Manifest

lists = typer.Typer(help="Lists of domains, networks and names.", no_args_is_help=True)


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
                stdout.print(f"{kind}: unchanged since {manifest.imported_at:%Y-%m-%d}")
        except (ListError, OSError) as error:
            failed = True
            stderr.print(f"{kind}: {error}; the list stays as it is", style="red")
    sys.exit(1 if failed else 0)


@lists.command()
def show() -> None:
    """Every list with its date, rows and source. 1 when one is stale."""
    from kyc.lists.lookups import shipped_version
    from kyc.lists.manifest import age_limits

    folder, today = _folder(), datetime.now(UTC).date()
    limits = age_limits(folder.path)
    rows, stale = [], []
    for kind, manifest in folder.manifests().items():
        age, limit = manifest.age_days(today), limits.get(kind)
        if limit is not None and age > limit:
            stale.append(kind)
        told = f"{age} of {limit or '∞'} days{' stale' * (kind in stale)}"
        names = ", ".join(Path(source.path).name for source in manifest.sources)
        by, counts = manifest.dated_by, (manifest.count, manifest.malformed)
        rows.append((kind, manifest.dated, by, *counts, told, names))
    tabulate(("list", "of", "by", "rows", "malformed", "age", "source"), rows)
    stdout.print(f"shipped: {shipped_version()}")
    for kind in stale:
        stderr.print(f"{kind} is stale: download it anew and import it", style="yellow")
    sys.exit(1 if stale else 0)


def _folder() -> "Folder":
    from kyc.lists.folder import Folder
    from schemas.errors import ConfigurationError
    from stream.settings import load_settings
    from stream.variables import variable

    path = load_settings().lists_dir
    if path is None:
        raise ConfigurationError(f"{variable('lists_dir')}: name the folder for imported lists")
    return Folder(path)


def _told(manifest: "Manifest") -> None:
    stdout.print(
        f"{manifest.kind}: {manifest.count:,} rows of {manifest.dated} (says {manifest.dated_by}), "
        f"{manifest.malformed:,} malformed"
    )
    if manifest.malformed:
        stderr.print(f"the first malformed: {manifest.complaint}", style="yellow")
