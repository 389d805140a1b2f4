"""Importing lists from files that somebody downloaded."""

import gzip
import hashlib
import zlib
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import msgspec
import zstandard

from kyc.lists import ofac, opensanctions, plain, un
from kyc.lists.database import Database
from kyc.lists.entries import Entry
from kyc.lists.folder import Folder
from kyc.lists.kinds import Content, Kind
from kyc.lists.manifest import Manifest, Source
from kyc.lists.rows import MAX_BYTES, Rows
from schemas.errors import ListError
from schemas.ndjson import open_reader

# A file of which more is unreadable than this is a file of another kind.
MOST_MALFORMED: Final = 0.5
_UNREADABLE: Final = (EOFError, gzip.BadGzipFile, zlib.error, zstandard.ZstdError)


@dataclass(frozen=True, slots=True)
class _Parsed:
    content: bytes
    count: int
    malformed: int
    complaint: str
    dated: date | None


def import_list(
    folder: Folder, kind: Kind, paths: Sequence[Path], now: datetime, dated: date | None = None
) -> Manifest:
    """Replace the list of a kind by what the files hold together.

    `dated` is the date of the data; none: what the files say, or else when they were written.
    Raises ListError on a file of another kind, OSError on one that is missing.
    """
    try:
        parsed = _parse(kind, paths)
    except _UNREADABLE as error:
        raise ListError(f"{_names(paths)}: cut off or not what the suffix says: {error}") from error
    except ListError as error:
        raise ListError(f"{_names(paths)}: {error}") from error
    if not parsed.count or parsed.malformed > MOST_MALFORMED * (parsed.count + parsed.malformed):
        why = parsed.complaint or "nothing in it"
        raise ListError(f"{_names(paths)}: not a list of {kind}: {why}")
    day, by = _dated(dated, parsed.dated, paths)
    digest = hashlib.sha256(parsed.content).hexdigest()
    manifest = Manifest(
        kind=kind,
        sources=tuple(Source(str(path.resolve()), file_digest(path)) for path in paths),
        file=f"{kind}.{digest[:16]}.data",
        sha256=digest,
        dated=day,
        dated_by=by,
        imported_at=now,
        count=parsed.count,
        malformed=parsed.malformed,
        complaint=parsed.complaint,
    )
    folder.replace(manifest, parsed.content)
    return manifest


def changed(manifest: Manifest) -> bool:
    """Whether a source has other content than when it was imported. Raises OSError."""
    return any(file_digest(Path(source.path)) != source.sha256 for source in manifest.sources)


def file_digest(path: Path) -> str:
    """SHA-256 of a file as it lies there, in hex. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _parse(kind: Kind, paths: Sequence[Path]) -> _Parsed:
    if kind.content is Content.DATABASE:
        return _database(kind, paths)
    if kind.content is Content.NAMES:
        entries = _entries(kind, paths)
        content = b"".join(msgspec.json.encode(entry) + b"\n" for entry in entries.rows)
        return _Parsed(
            content, len(entries.rows), entries.malformed, entries.complaint, entries.dated
        )
    with ExitStack() as stack:
        sources = [stack.enter_context(open_reader(path)) for path in paths]
        found = [plain.parse(source, kind.content) for source in sources]
    values = sorted({value for rows in found for value in rows.rows})
    complaint = next((rows.complaint for rows in found if rows.complaint), "")
    malformed = sum(rows.malformed for rows in found)
    return _Parsed(
        "".join(f"{v}\n" for v in values).encode(), len(values), malformed, complaint, None
    )


def _entries(kind: Kind, paths: Sequence[Path]) -> Rows[Entry]:
    with ExitStack() as stack:
        sources = [stack.enter_context(open_reader(path)) for path in paths]
        if kind is Kind.OFAC_NAMES:
            return ofac.parse(sources)
        if len(sources) != 1:
            raise ListError(f"{kind} is one file")
        if kind is Kind.UN_NAMES:
            return un.parse(sources[0])
        return opensanctions.parse(sources[0])


def _database(kind: Kind, paths: Sequence[Path]) -> _Parsed:
    if len(paths) != 1:
        raise ListError("a database is one file")
    if paths[0].stat().st_size > MAX_BYTES:
        raise ListError(f"more than {MAX_BYTES:,} bytes")
    database = Database(paths[0])
    return _Parsed(paths[0].read_bytes(), database.count(kind), 0, "", database.dated)


def _dated(told: date | None, found: date | None, paths: Sequence[Path]) -> tuple[date, str]:
    if told:
        return told, "who imported it"
    if found:
        return found, "the file itself"
    written = min(path.stat().st_mtime for path in paths)
    return datetime.fromtimestamp(written, UTC).date(), "the file's time"


def _names(paths: Sequence[Path]) -> str:
    return ", ".join(str(path) for path in paths)
