"""The folder of imported lists: for each kind one manifest and the file that it names.

Data is written aside, flushed to the disk and renamed; then the manifest is, and that rename is
the moment in which the list changes. A reader sees the old list or the new one, whole.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from kyc.lists.kinds import Kind
from kyc.lists.manifest import Manifest, decode
from schemas.errors import ListError

# A reader that finds the data gone was overtaken by an import; twice in a row is something else.
_TRIES = 3


class Folder:
    """Imported lists on the disk."""

    def __init__(self, path: Path) -> None:
        """Use `path`, which an import creates."""
        self.path = path

    def manifests(self) -> dict[Kind, Manifest]:
        """Every list that there is. Raises ListError on a broken manifest."""
        found = ((kind, self.manifest(kind)) for kind in Kind)
        return {kind: manifest for kind, manifest in found if manifest}

    def manifest(self, kind: Kind) -> Manifest | None:
        """The manifest of one kind, None without such a list. Raises ListError."""
        path = self.path / f"{kind}.json"
        try:
            return decode(path.read_bytes(), path)
        except FileNotFoundError:
            return None

    def read(self, kind: Kind) -> tuple[Manifest, Path, bytes] | None:
        """A list's manifest, file and content, None without such a list. Raises ListError."""
        for _ in range(_TRIES):
            manifest = self.manifest(kind)
            if manifest is None:
                return None
            path = self.path / Path(manifest.file).name
            try:
                content = path.read_bytes()
            except FileNotFoundError:
                continue
            if hashlib.sha256(content).hexdigest() != manifest.sha256:
                raise ListError(f"{path}: damaged, its digest is another; import the list again")
            return manifest, path, content
        raise ListError(f"{path}: gone; import the list again")

    def replace(self, manifest: Manifest, content: bytes) -> None:
        """Put a list in place of the one of its kind, at once or not at all. Raises OSError."""
        with self._locked():
            self._write(manifest.file, content)
            self._write(f"{manifest.kind}.json", msgspec.json.format(msgspec.json.encode(manifest)))
            for path in self.path.glob(f"{manifest.kind}.*.data"):
                if path.name != manifest.file:
                    path.unlink()

    def _write(self, name: str, content: bytes) -> None:
        aside = self.path / f".{name}.new"
        with aside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(self.path / name)
        self._flush()

    def _flush(self) -> None:
        """Without this a power cut could undo the rename."""
        opened = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
