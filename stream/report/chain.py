"""A chain of records: each holds the hash of the one before, so none changes or goes unnoticed.

The chains of `sluicegate audit` seal what they hold and go on for ever; this one lies open and
ends. Its last record counts all others; the hash of that one stands for the whole pack.
"""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, Final, Literal

import msgspec

from schemas.errors import SluicegateError
from schemas.wire import UNREADABLE

Kind = Literal["source", "campaign", "decision", "request", "file", "end"]
GENESIS: Final = "0" * 64
# A record of a campaign may name 1,000 members of 128 characters, each up to six bytes as JSON.
MOST_BYTES: Final = 4 << 20


class BrokenLinkError(SluicegateError):
    """A record that is not what it was when it was written."""


class Link(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One record. `sequence` counts from 1; `previous`: the hash of the record before; `hash`:
    SHA-256 over the other fields."""

    sequence: int
    kind: Kind
    content: dict[str, Any]
    previous: str
    hash: str = ""


_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder(Link).decode


class Writer:
    """Appends records to a file that is open for writing."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._sequence = 0
        self._counts: dict[str, int] = {}
        self.head = GENESIS

    def add(self, kind: Kind, content: dict[str, Any]) -> None:
        """Append a record."""
        self._sequence += 1
        self._counts[kind] = self._counts.get(kind, 0) + 1
        bare = Link(self._sequence, kind, content, self.head)
        self.head = _digest(bare)
        self._file.write(_encode(msgspec.structs.replace(bare, hash=self.head)) + b"\n")

    def end(self) -> str:
        """Append the last record; the hash that stands for the pack."""
        self.add("end", dict(self._counts))
        return self.head


def links(lines: Iterable[bytes]) -> Iterator[Link]:
    """The records of a chain, each checked against the one before.

    Raises BrokenLinkError at the first that was changed, is missing, stands elsewhere, or is cut
    off; after the last one, where the end is missing or does not count what came.
    """
    head, sequence, counts, ended = GENESIS, 0, dict[str, int](), False
    for line in lines:
        if ended:
            raise BrokenLinkError(f"there is more after the end, record {sequence}")
        link = _read(line, sequence + 1)
        if link.sequence != sequence + 1:
            raise BrokenLinkError(f"record {link.sequence} stands where {sequence + 1} belongs")
        if link.previous != head:
            raise BrokenLinkError(f"record {link.sequence} does not follow the one before it")
        ended = link.kind == "end"
        if ended and link.content != counts:
            raise BrokenLinkError(f"the end counts {link.content}, there are {counts}")
        counts[link.kind] = counts.get(link.kind, 0) + 1
        head, sequence = link.hash, link.sequence
        yield link
    if not ended:
        raise BrokenLinkError(f"cut off after record {sequence}")


def _read(line: bytes, place: int) -> Link:
    if not line.endswith(b"\n"):
        raise BrokenLinkError(f"record {place} is cut off or too long")
    try:
        link = _decode(line)
    except UNREADABLE as error:
        raise BrokenLinkError(f"record {place} is unreadable: {error}") from None
    # Another spelling of the same values is a change, too.
    if link.hash != _digest(link) or _encode(link) + b"\n" != line:
        raise BrokenLinkError(f"record {link.sequence} was changed")
    return link


def _digest(link: Link) -> str:
    return hashlib.sha256(_encode(msgspec.structs.replace(link, hash=""))).hexdigest()
