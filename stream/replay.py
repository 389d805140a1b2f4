"""Replay: recorded events through the very functions of the live path, in event time.

Memory grows with the accounts, not with the events. The same input gives the same output to the
byte but for `decided_at`.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol

import msgspec
from pydantic import TypeAdapter

from schemas.errors import MalformedEventError
from schemas.events import AccountEvent
from schemas.ndjson import open_writer, read_lines
from schemas.wire import parse
from stream.agents import Gate
from stream.broker.chunk import Chunk
from stream.broker.sinks import FileSink, Sink
from stream.decide.court import open_court
from stream.decode.hashing import KeyedHasher
from stream.decode.records import dead_letter
from stream.metrics import Metrics
from stream.settings import load_settings
from stream.store import MemoryStore

# Big enough that the cost per call vanishes, small enough that a batch stays in the cache.
CHUNK = 4_000
ACCOUNTS, REQUESTS = "accounts", "requests"
_NO_END = 1 << 62
# Keys the hashes where nothing leaves this process: a replay must not depend on a secret.
LOCAL_PEPPER = b"replay, never in production"

Progress = Callable[[int], None]


class CountingSink(Sink, Protocol):
    """A sink that knows how many dead letters it was given."""

    dead: int


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


@dataclass(slots=True)
class Summary:
    """What a replay read."""

    requests: int = 0
    account_events: int = 0
    dead_letters: int = 0

    def told(self) -> str:
        """One line for a person."""
        read = f"{self.requests:,} requests and {self.account_events:,} account events replayed"
        return f"{read}; {self.dead_letters:,} of them dead letters" if self.dead_letters else read


_stamp = msgspec.json.Decoder(Stamp).decode
_account_events: TypeAdapter[AccountEvent] = TypeAdapter(AccountEvent)


def lines(topic: str, bodies: Iterable[bytes]) -> Iterator[Line]:
    """Records of a file's lines; what cannot be read takes the time of the line before it."""
    ts = 0
    for offset, body in enumerate(bodies):
        try:
            stamp = _stamp(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            yield Line(topic, offset, None, body, ts)
        else:
            ts = stamp.ts
            yield Line(topic, offset, stamp.account_id.encode("utf-8", "surrogatepass"), body, ts)


def merged(accounts: Iterable[Line], requests: Iterable[Line]) -> Iterator[Line]:
    """Both by time; at the same time the account event comes first."""
    return heapq.merge(accounts, requests, key=lambda line: line.ts)


async def replay(
    events: Iterable[Line], gate: Gate, sink: CountingSink, progress: Progress | None = None
) -> Summary:
    """Take every line through the gate, requests in chunks of CHUNK; returns what was read."""
    summary = Summary()
    events = iter(events)
    while taken := list(islice(events, CHUNK)):
        requests = [line for line in taken if line.topic == REQUESTS]
        others = [line for line in taken if line.topic == ACCOUNTS]
        await _check_account_events(others, sink)
        if requests:
            await gate.handle(Chunk(REQUESTS, 0, requests, _NO_END))
        summary.requests += len(requests)
        summary.account_events += len(others)
        if progress:
            progress(len(taken))
    summary.dead_letters = sink.dead
    return summary


async def _check_account_events(events: list[Line], sink: Sink) -> None:
    letters = []
    for line in events:
        try:
            parse(_account_events, line.value)
        except MalformedEventError as error:
            letters.append(dead_letter(Chunk(ACCOUNTS, 0, events, _NO_END), line, str(error)))
    await sink.emit([], letters)


def read_file(topic: str, path: Path | None) -> Iterator[Line]:
    """The lines of a file, none where there is no file."""
    return lines(topic, read_lines(path)) if path else iter(())


async def replay_files(
    accounts: Path | None,
    requests: Path,
    decisions: Path,
    *,
    every: bool,
    progress: Progress | None = None,
) -> Summary:
    """Replay files with the model and policy of the settings, and a store in this process.

    Dead letters go beside the decisions, as `<decisions>.dead-letters`. Errors: OSError.
    """
    letters = decisions.with_name(f"{decisions.name}.dead-letters")
    with open_writer(decisions) as out, open_writer(letters) as dead:
        sink = FileSink(out, dead)
        gate = Gate(
            court=open_court(load_settings(decisions="all" if every else "changes")),
            hasher=KeyedHasher(LOCAL_PEPPER),
            store=MemoryStore(),
            sink=sink,
            metrics=Metrics(),
        )
        events = merged(read_file(ACCOUNTS, accounts), read_file(REQUESTS, requests))
        return await replay(events, gate, sink, progress)
