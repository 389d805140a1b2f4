"""Chains as files: `CHAIN-FIRST.ndjson`, a record a line, LENGTH records a file."""

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from edge.audit.record import Head, Record, decode, encode
from schemas.errors import ConfigurationError
from schemas.wire import UNREADABLE

LENGTH: Final = 100_000  # about 150 MB
_NAME: Final = re.compile(r"(\d{5})-(\d{12})\.ndjson")


def segments(folder: Path) -> dict[int, list[Path]]:
    """The files of each chain, in order."""
    found: dict[int, list[Path]] = {}
    for path in sorted(folder.glob("*.ndjson")):
        if match := _NAME.fullmatch(path.name):
            found.setdefault(int(match[1]), []).append(path)
    return found


def lines(paths: Sequence[Path]) -> Iterator[bytes]:
    """The lines of a chain's files; the last one may lack its end."""
    for path in paths:
        with path.open("rb") as file:
            yield from file


class ChainFiles:
    """The files of one chain, appended to. What was appended is on the disk."""

    def __init__(self, folder: Path, chain: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._chain = folder, chain

    def last(self) -> Record | None:
        """The last whole record. What a crash has cut off behind it is removed.

        Raises BrokenRecordError when it was changed.
        """
        paths = segments(self._folder).get(self._chain, [])
        while paths:
            path = paths.pop()
            whole = _cut(path)
            if whole:
                return decode(whole)
            path.unlink()
        return None

    def append(self, records: Sequence[Record]) -> None:
        """Write records that follow the last one, and sync."""
        by_file: dict[Path, list[bytes]] = {}
        for record in records:
            by_file.setdefault(self._path(record.sequence), []).append(encode(record) + b"\n")
        for path, written in by_file.items():
            with path.open("ab") as file:
                file.writelines(written)
                file.flush()
                os.fsync(file.fileno())

    def _path(self, sequence: int) -> Path:
        first = (sequence - 1) // LENGTH * LENGTH + 1
        return self._folder / f"{self._chain:05}-{first:012}.ndjson"


def _cut(path: Path) -> bytes:
    """Cut a file off after its last whole line; that line, empty when there is none."""
    with path.open("r+b") as file:
        content = _tail(path)
        end = content.rfind(b"\n") + 1
        file.truncate(path.stat().st_size - len(content) + end)
    return content[:end].rstrip(b"\n").rpartition(b"\n")[2]


def _tail(path: Path) -> bytes:
    # Two records fit whatever they hold: a Kafka message is 1 MiB at most.
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - (4 << 20)))
        return file.read()


def read_heads(path: Path) -> dict[int, Head]:
    """Heads that were published, one JSON object a line. Raises ConfigurationError."""
    try:
        heads = [msgspec.json.decode(line, type=Head) for line in path.read_bytes().splitlines()]
    except UNREADABLE as error:
        raise ConfigurationError(f"{path}: no heads: {error}") from None
    return {head.chain: head for head in heads}
