"""NDJSON files read back what was written, however they are packed."""

from pathlib import Path

import pytest
import zstandard

from schemas import ndjson
from schemas.errors import UnreadableFileError
from schemas.ndjson import open_writer, read_lines

SUFFIXES = (".ndjson", ".ndjson.gz", ".ndjson.zst")


def _write(path: Path, data: bytes) -> bytes:
    with open_writer(path) as sink:
        sink.write(data)
    return path.read_bytes()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_lines_survive(tmp_path: Path, suffix: str) -> None:
    """What is written line by line is read line by line."""
    path = tmp_path / f"events{suffix}"
    _write(path, b'{"a":1}\n{"b":2}\n')
    assert list(read_lines(path)) == [b'{"a":1}\n', b'{"b":2}\n']


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_same_bytes_same_file(tmp_path: Path, suffix: str) -> None:
    """Neither the time nor the file's name gets into the file."""
    assert _write(tmp_path / f"a{suffix}", b"{}\n" * 99) == _write(
        tmp_path / f"b{suffix}", b"{}\n" * 99
    )


def test_packed_is_smaller(tmp_path: Path) -> None:
    """A packing suffix packs."""
    sizes = [len(_write(tmp_path / f"x{suffix}", b'{"k":"v"}\n' * 5000)) for suffix in SUFFIXES]
    assert max(sizes[1:]) < sizes[0] / 10


def test_blank_lines_are_left_out(tmp_path: Path) -> None:
    """An empty line is no event."""
    path = tmp_path / "x.ndjson"
    path.write_bytes(b"{}\n\n \n{}")
    assert list(read_lines(path)) == [b"{}\n", b"{}"]


def test_appended_frames_are_all_read(tmp_path: Path) -> None:
    """A zst file of several frames is read to its end."""
    path = tmp_path / "x.ndjson.zst"
    packer = zstandard.ZstdCompressor()
    path.write_bytes(packer.compress(b"1\n") + packer.compress(b"2\n"))
    assert list(read_lines(path)) == [b"1\n", b"2\n"]


def test_truncated_gzip_is_an_error(tmp_path: Path) -> None:
    """Half a file does not pass for a whole one."""
    path = tmp_path / "x.ndjson.gz"
    path.write_bytes(_write(path, b"{}\n" * 999)[:-9])
    with pytest.raises(UnreadableFileError, match=r"x\.ndjson\.gz"):
        list(read_lines(path))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_line_without_end_is_an_error(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before it is in memory; the line is named."""
    monkeypatch.setattr(ndjson, "LONGEST", 10)
    path = tmp_path / f"x{suffix}"
    _write(path, b"123456789\n" + b"1" * 50_000)
    found = read_lines(path)
    assert next(found) == b"123456789\n"
    with pytest.raises(UnreadableFileError, match="line 2 is longer than 10 bytes"):
        next(found)
