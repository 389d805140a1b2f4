"""NDJSON files: one JSON object a line, compressed by suffix (`.gz`, `.zst`, or not at all)."""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import zstandard

from schemas.errors import UnreadableFileError

# zlib's default of 6 takes three times as long for files about a tenth smaller.
_GZIP_LEVEL = 1
_BUFFER = 1 << 18
LONGEST = 1 << 24  # of a line, bytes; Kafka's messages have 1 MiB


@contextmanager
def open_reader(path: Path) -> Iterator[BinaryIO]:
    """The decompressed lines of `path`, as bytes. Errors: OSError, EOFError, ZstdError."""
    with ExitStack() as stack:
        raw = stack.enter_context(path.open("rb"))
        if path.suffix == ".gz":
            yield cast(BinaryIO, stack.enter_context(gzip.GzipFile(fileobj=raw, mode="rb")))
        elif path.suffix == ".zst":
            # Files made by appending hold several frames; without this only the first is read.
            frames = zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True)
            yield cast(BinaryIO, stack.enter_context(io.BufferedReader(frames, _BUFFER)))
        else:
            yield cast(BinaryIO, raw)


@contextmanager
def open_writer(path: Path) -> Iterator[BinaryIO]:
    """A sink for bytes; the same bytes in give the same file. Errors: OSError."""
    with ExitStack() as stack:
        raw = stack.enter_context(path.open("wb"))
        if path.suffix == ".gz":
            # No name and no time in the header: they would differ between two equal runs.
            packed = gzip.GzipFile("", "wb", _GZIP_LEVEL, raw, mtime=0)
            yield cast(BinaryIO, stack.enter_context(packed))
        elif path.suffix == ".zst":
            yield stack.enter_context(zstandard.ZstdCompressor().stream_writer(raw))
        else:
            yield cast(BinaryIO, raw)


def read_lines(path: Path) -> Iterator[bytes]:
    """The lines of `path`, each with its newline, one at a time; blank lines are left out.

    Raises OSError, and UnreadableFileError for what is cut off, not what its suffix says, or longer
    than LONGEST: a file without newlines would fill the memory.
    """
    yield from (line for _, line in numbered_lines(path))


def numbered_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The same, each with its number in the file, from 1 on. Raises as `read_lines`."""
    with _whole(path) as lines:
        for number, line in enumerate(iter(lambda: lines.readline(LONGEST + 1), b""), 1):
            if len(line) > LONGEST:
                raise UnreadableFileError(f"{path}: line {number} is longer than {LONGEST} bytes")
            if line.strip():
                yield number, line


@contextmanager
def _whole(path: Path) -> Iterator[BinaryIO]:
    try:
        with open_reader(path) as lines:
            yield lines
    except (EOFError, gzip.BadGzipFile, zlib.error, zstandard.ZstdError) as error:
        raise UnreadableFileError(f"{path}: {error}") from error
