"""A report on the disk: a folder or a `.zip`, there whole or not at all."""

import hashlib
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Final, Protocol

from schemas.errors import ConfigurationError, UnreadableFileError

RECORDS: Final = "records.ndjson"
# No time of writing: the same report is the same file, to the byte.
_DATED: Final = (1980, 1, 1, 0, 0, 0)
_PART: Final = 1 << 20


@contextmanager
def making(out: Path) -> Iterator[Path]:
    """An empty folder to write into; becomes `out` when the block ends well.

    Raises ConfigurationError when `out` exists: a report is never written over another.
    """
    if out.exists():
        raise ConfigurationError(f"{out} exists: a report is never written over another")
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out.parent, prefix=".report-") as place:
        folder = Path(place) / "report"
        folder.mkdir()
        yield folder
        if out.suffix == ".zip":
            _zip(folder, Path(place) / "report.zip").rename(out)
        else:
            folder.rename(out)


def _zip(folder: Path, archive: Path) -> Path:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(folder.iterdir()):
            entry = zipfile.ZipInfo(path.name, _DATED)
            entry.compress_type = zipfile.ZIP_DEFLATED
            with path.open("rb") as plain, packed.open(entry, "w", force_zip64=True) as file:
                shutil.copyfileobj(plain, file)
    return archive


class Pack(Protocol):
    """The files of a report, by name; nothing is unpacked."""

    def names(self) -> list[str]:
        """Every file's name; one that is there twice, twice."""

    def open(self, name: str) -> IO[bytes]:
        """Read one of `names`."""


class _Folder:
    def __init__(self, path: Path) -> None:
        self._path = path

    def names(self) -> list[str]:
        found = (path for path in self._path.rglob("*") if not path.is_dir())
        return sorted(path.relative_to(self._path).as_posix() for path in found)

    def open(self, name: str) -> IO[bytes]:
        return (self._path / name).open("rb")


class _Archive:
    def __init__(self, packed: zipfile.ZipFile) -> None:
        self._packed = packed

    def names(self) -> list[str]:
        return sorted(self._packed.namelist())

    def open(self, name: str) -> IO[bytes]:
        return self._packed.open(name)


@contextmanager
def opened(path: Path) -> Iterator[Pack]:
    """The pack at `path`. Raises OSError, and UnreadableFileError for a broken archive."""
    if path.is_dir():
        yield _Folder(path)
        return
    try:
        with zipfile.ZipFile(path) as packed:
            yield _Archive(packed)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        # RuntimeError: a compression or an encryption that we do not write.
        raise UnreadableFileError(f"{path}: {error}") from error


def digest(file: IO[bytes]) -> str:
    """SHA-256 of all that is left in a file, in hex."""
    found = hashlib.sha256()
    while part := file.read(_PART):
        found.update(part)
    return found.hexdigest()
