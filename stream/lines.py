"""Lines: recorded events of files, in the shape of a broker's records and in the order of time."""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from schemas.ndjson import read_lines
from schemas.wire import UNREADABLE

ACCOUNTS, REQUESTS = "accounts", "requests"


class Stamp(msgspec.Struct, gc=False):
    """What merging needs of a line."""

    ts: int
    account_id: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file in the shape of a Kafka record."""

    topic: str
    offset: int
    key: bytes | None
    value: bytes
    ts: int
    timestamp: int = -1  # a file has no broker's clock, so no time is clamped


_stamp = msgspec.json.Decoder(Stamp).decode


def lines(topic: str, bodies: Iterable[bytes]) -> Iterator[Line]:
    """Records of a file's lines; what cannot be read takes the time of the line before it."""
    ts = 0
    for offset, body in enumerate(bodies):
        try:
            stamp = _stamp(body)
        except UNREADABLE:
            yield Line(topic, offset, None, body, ts)
        else:
            ts = stamp.ts
            yield Line(topic, offset, stamp.account_id.encode("utf-8", "surrogatepass"), body, ts)


def merged(accounts: Iterable[Line], requests: Iterable[Line]) -> Iterator[Line]:
    """Both by time; at the same time the account event comes first."""
    return heapq.merge(accounts, requests, key=lambda line: line.ts)


def read_file(topic: str, path: Path | None) -> Iterator[Line]:
    """The lines of a file, none where there is no file."""
    return lines(topic, read_lines(path)) if path else iter(())
