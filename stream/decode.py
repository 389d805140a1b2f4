"""Raw records to columns: the first of the seven verbs.

Each body is read by itself, since two malformed ones may make sense together.
"""

import json
import re
from base64 import b64encode
from collections.abc import Sequence
from typing import Protocol

from pydantic_core import from_json

from schemas.decisions import DeadLetter
from schemas.errors import MalformedEventError
from schemas.events import MAX_MESSAGE_BYTES, MAX_TS
from schemas.wire import RequestWire, read_requests
from stream.batch import RequestBatch
from stream.columns import columns
from stream.geography import Geography
from stream.hashing import KeyedHasher

PAYLOAD_BYTES = 4096

_RAW_FIELDS = frozenset(("prompt", "system"))
_RAW_KEY = re.compile(rb"[\"'](?:prompt|system)[\"']", re.IGNORECASE)


class Record(Protocol):
    """What decoding needs of a Kafka record; `timestamp` is the broker's: ms, or None or -1."""

    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int | None: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...


def decode_requests(
    records: Sequence[Record],
    *,
    topic: str,
    partition: int,
    hasher: KeyedHasher,
    geography: Geography,
) -> tuple[RequestBatch, list[DeadLetter]]:
    """Turn the records of one partition into columns, and into dead letters what cannot be read."""
    events = read_requests([record.value or b"" for record in records])
    _refuse_foreign_keys(records, events)
    read: list[tuple[Record, RequestWire]] = []
    letters: list[DeadLetter] = []
    for record, event in zip(records, events, strict=True):
        if isinstance(event, RequestWire):
            read.append((record, event))
        else:
            letters.append(dead_letter(record, str(event), topic=topic, partition=partition))
    batch = columns(
        [event for _, event in read],
        offsets=[record.offset for record, _ in read],
        broker_times=[record.timestamp for record, _ in read],
        hasher=hasher,
        geography=geography,
    )
    return batch, letters


def _refuse_foreign_keys(
    records: Sequence[Record], events: list[RequestWire | MalformedEventError]
) -> None:
    for row, (record, event) in enumerate(zip(records, events, strict=True)):
        if isinstance(event, RequestWire) and record.key != event.account_id.encode():
            events[row] = foreign_key()


def foreign_key() -> MalformedEventError:
    """An event under another key may lie on a partition whose writer is not its account's."""
    return MalformedEventError("differs from the account_id in UTF-8", "key")


def dead_letter(record: Record, error: str, *, topic: str, partition: int) -> DeadLetter:
    """Say what is wrong with a record, and show its first 4 KiB without raw text.

    `prompt` and `system` are taken out of a JSON object; where they stand in anything else, in
    broken JSON or deeper in the object, the payload ends before the first of them.
    """
    return DeadLetter(
        topic=topic,
        partition=partition,
        offset=record.offset,
        ts=min(max(record.timestamp or 0, 0), MAX_TS),
        error=error[:256],
        payload=b64encode(_without_raw_text(record.value or b"")[:PAYLOAD_BYTES]).decode(),
    )


def _without_raw_text(body: bytes) -> bytes:
    fields = _parsed(body)
    if isinstance(fields, dict) and not _RAW_FIELDS.isdisjoint(fields):
        kept = {name: value for name, value in fields.items() if name not in _RAW_FIELDS}
        body = json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode()
    return _RAW_KEY.split(body, maxsplit=1)[0]


def _parsed(body: bytes) -> object:
    try:
        return from_json(body) if len(body) <= MAX_MESSAGE_BYTES else None
    except ValueError:
        return None
