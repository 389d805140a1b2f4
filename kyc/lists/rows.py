"""Reading a list's file: bounded, and every row that cannot be read is counted and told."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import BinaryIO, Final, Generic, TypeVar

from schemas.errors import ListError

Row = TypeVar("Row")

# OpenSanctions' largest export of targets has about 300 MB; nothing of a list needs more rows.
MAX_BYTES: Final = 512 << 20
MAX_LINE: Final = 1 << 20
MAX_ROWS: Final = 2_000_000


@dataclass(slots=True)
class Rows(Generic[Row]):
    """What was read of a file: rows in their order, how many were malformed, the data's date."""

    rows: list[Row] = field(default_factory=list)
    malformed: int = 0
    complaint: str = ""
    dated: date | None = None

    def take(self, row: Row) -> None:
        """Keep a row. Raises ListError when there are too many."""
        if len(self.rows) >= MAX_ROWS:
            raise ListError(f"more than {MAX_ROWS:,} rows")
        self.rows.append(row)

    def refuse(self, line: int, reason: str) -> None:
        """Count a malformed row; the first is told."""
        self.malformed += 1
        self.complaint = self.complaint or f"line {line}: {reason}"


def lines(source: BinaryIO, limit: int = MAX_BYTES) -> Iterator[bytes]:
    """The lines of a source. Raises ListError on a line or a file that is too long."""
    left = limit
    while line := source.readline(MAX_LINE + 1):
        left -= len(line)
        if len(line) > MAX_LINE:
            raise ListError(f"a line has more than {MAX_LINE:,} bytes: not a list")
        if left < 0:
            raise ListError(f"more than {limit:,} bytes")
        yield line


def text(line: bytes) -> str:
    """A line as text: UTF-8, or Latin-1 where it is not (OFAC's older files)."""
    try:
        return line.decode("utf-8-sig")
    except UnicodeDecodeError:
        return line.decode("latin-1")
