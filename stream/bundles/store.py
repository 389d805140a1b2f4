"""The store of bundles: a folder that holds each bundle in a folder of its own, and their roles.

The roles lie in one file, one act a line; what the last line says holds. The file is replaced by
a rename, so whoever reads sees all roles of one moment; separate pointers could be read between
two moves. A folder rather than a topic: it can be looked into, copied and backed up by what is
there already, a bundle needs no size that a broker allows, and a worker without a broker can
start. Where workers have folders of their own, whatever copies bundles copies `acts.ndjson` last.
"""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from schemas.errors import ConfigurationError, ModelError
from schemas.wire import UNREADABLE
from scorers.inputs import REQUESTS
from scorers.manifest import Content, read, write
from stream.bundles.roles import Act, Deed, Roles, What

ACTS: Final = "acts.ndjson"

_encode = msgspec.json.encode
_decode = msgspec.json.Decoder(Act).decode

Stamp = tuple[int, ...]


class BundleStore:
    """A folder of bundles; the first act makes it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def folder(self, version: str) -> Path:
        """Where a bundle lies."""
        return self.path / version

    def stamp(self) -> Stamp:
        """Another one after every act; empty before the first. Raises OSError."""
        try:
            found = (self.path / ACTS).stat()
        except FileNotFoundError:
            return ()
        return found.st_ino, found.st_mtime_ns, found.st_size

    def roles(self) -> Roles:
        """What the bundles do now. Raises ConfigurationError."""
        acts = self.acts()
        return acts[-1].roles if acts else Roles()

    def acts(self) -> list[Act]:
        """Everything that was done, oldest first. Raises ConfigurationError."""
        path = self.path / ACTS
        try:
            lines = path.read_bytes().splitlines()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise ConfigurationError(f"{path}: cannot be read: {error}") from error
        return [_act(path, number, line) for number, line in enumerate(lines, 1)]

    def add(self, content: Content) -> None:
        """Keep a bundle that was read and checked, in place of one that is damaged or signed by
        another key. Raises OSError."""
        place = self.folder(content.version)
        if _holds(place, content):
            return
        with self._locked():
            draft, old = (self.path / f".{content.version}{end}" for end in ("", ".old"))
            for rest in (draft, old):  # of an `add` that was killed
                shutil.rmtree(rest, ignore_errors=True)
            draft.mkdir()
            write(draft, content.text, content.files, content.signature)
            for file in draft.iterdir():
                _flush(file)
            if place.exists():
                place.rename(old)
            draft.rename(place)
            _flush(self.path)
            shutil.rmtree(old, ignore_errors=True)

    def change(self, act: What, bundle: str, step: Callable[[Roles], Roles], deed: Deed) -> Roles:
        """Take a step from the roles that hold, at once or not at all; the roles after it.

        Raises what `step` raises, ConfigurationError and OSError.
        """
        with self._locked():
            acts = self.acts()
            roles = step(acts[-1].roles if acts else Roles())
            acts.append(Act(deed.now, act, bundle, deed.author, deed.reason, roles))
            aside = self.path / f".{ACTS}.new"
            aside.write_bytes(b"".join(_encode(one) + b"\n" for one in acts))
            _flush(aside)
            aside.replace(self.path / ACTS)
            _flush(self.path)
        return roles

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _holds(place: Path, content: Content) -> bool:
    try:
        held = read(place, REQUESTS)
    except ModelError:  # nothing there, or nothing that a worker would take
        return False
    return (held.text, held.signature) == (content.text, content.signature)


def _flush(path: Path) -> None:
    """Onto the disk: without it a power cut could undo a rename, or empty what was renamed."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _act(path: Path, number: int, line: bytes) -> Act:
    try:
        return _decode(line)
    except UNREADABLE as error:
        told = f"{path}: line {number} is no act: {error}; restore it, or take it out"
        raise ConfigurationError(told) from error
