"""Raw records to columns: the first of the seven verbs.

Each body is read by itself, since two malformed ones may make sense together.
"""

import json
import re
from base64 import b64encode
from collections.abc import Callable, Sequence

from pydantic_core import from_json

from schemas.decisions import DeadLetter
from schemas.errors import MalformedEventError
from schemas.events import MAX_MESSAGE_BYTES, MAX_TS
from schemas.wire import RequestWire, read_requests
from stream.broker.chunk import Chunk, Record
from stream.decode.batch import RequestBatch
from stream.decode.columns import columns
from stream.decode.geography import Geography
from stream.decode.hashing import KeyedHasher

PAYLOAD_BYTES = 4096

_RAW_FIELDS = frozenset(("prompt", "system"))
_RAW_KEY = re.compile(rb"[\"'](?:prompt|system)[\"']", re.IGNORECASE)


def decode_requests(
    chunks: Sequence[Chunk], *, hasher: KeyedHasher, geography: Geography
) -> tuple[RequestBatch, list[DeadLetter]]:
    """Turn the records of some chunks into columns, and into dead letters what cannot be read."""
    records = [record for chunk in chunks for record in chunk.records]
    sources = [chunk for chunk in chunks for _ in chunk.records]
    events = read_requests([record.value or b"" for record in records])
    _refuse_foreign_keys(records, events)
    read: list[tuple[Chunk, Record, RequestWire]] = []
    letters: list[DeadLetter] = []
    for chunk, record, event in zip(sources, records, events, strict=True):
        if isinstance(event, RequestWire):
            read.append((chunk, record, event))
        else:
            letters.append(dead_letter(chunk, record, str(event)))
    batch = columns(
        [event for _, _, event in read],
        partitions=[chunk.partition for chunk, _, _ in read],
        offsets=[record.offset for _, record, _ in read],
        broker_times=[record.timestamp for _, record, _ in read],
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


def parsed(body: bytes) -> object:
    """The JSON of a message; None where there is none, or too much of it."""
    try:
        return from_json(body) if len(body) <= MAX_MESSAGE_BYTES else None
    except ValueError:
        return None


def without_raw_text(body: bytes) -> bytes:
    """A request without raw text.

    `prompt` and `system` are taken out of a JSON object; where they stand in anything else, in
    broken JSON or deeper in the object, what is shown ends before the first of them.
    """
    fields = parsed(body)
    if isinstance(fields, dict) and not _RAW_FIELDS.isdisjoint(fields):
        kept = {name: value for name, value in fields.items() if name not in _RAW_FIELDS}
        body = json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode()
    return _RAW_KEY.split(body, maxsplit=1)[0]


def dead_letter(
    chunk: Chunk, record: Record, error: str, show: Callable[[bytes], bytes] = without_raw_text
) -> DeadLetter:
    """Say what is wrong with a record of a chunk, and show the first 4 KiB of what may be shown."""
    return DeadLetter(
        topic=chunk.topic,
        partition=chunk.partition,
        offset=record.offset,
        ts=min(max(record.timestamp or 0, 0), MAX_TS),
        error=error[:256],
        payload=b64encode(show(record.value or b"")[:PAYLOAD_BYTES]).decode(),
    )
