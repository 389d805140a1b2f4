"""A record of the chain: what happened, sealed, and the hash that ties it to the one before."""

import hashlib
from typing import Final, Literal

import msgspec
from msgspec import Struct

from schemas.errors import SluicegateError
from schemas.wire import UNREADABLE

Kind = Literal["decision", "label", "control", "bundle", "erasure"]
GENESIS: Final = "0" * 64


class BrokenRecordError(SluicegateError):
    """A record that is not what it was when it was written."""


class Record(Struct, frozen=True, gc=False):
    """One link. `chain` is the partition, `sequence` counts from 1, `at` is event time, ms.

    read: the next offset to read of every source, once this record is written; bundle: the model
    and policy of the latest decision. A writer that begins again needs nothing else.
    facts: what is about no person. subject: the account's keyed hash, empty where the record is
    about none or its key was gone. sealed: the message, encrypted with the account's key, base64.
    previous: the hash of the record before; hash: SHA-256 over all the other fields.
    """

    chain: int
    sequence: int
    at: int
    kind: Kind
    read: dict[str, int]
    bundle: str
    facts: dict[str, str]
    subject: str
    sealed: str
    previous: str
    hash: str = ""


class Head(Struct, frozen=True):
    """How far a chain goes, and the hash that stands for all of it."""

    chain: int
    sequence: int = 0
    hash: str = GENESIS


_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder(Record, strict=True).decode


def linked(record: Record) -> Record:
    """The record with its hash."""
    return msgspec.structs.replace(record, hash=_digest(record))


def encode(record: Record) -> bytes:
    """One line of JSON, the same for the same record."""
    return _encode(record)


def decode(line: bytes) -> Record:
    """Read a record and check its hash. Raises BrokenRecordError."""
    try:
        record = _decode(line)
    except UNREADABLE as error:
        raise BrokenRecordError(f"unreadable: {error}") from None
    # Fields that are not ours, or another spelling of the same values, are a change too.
    if record.hash != _digest(record) or _encode(record) != line:
        raise BrokenRecordError(f"record {record.sequence} was changed")
    return record


def extends(record: Record, head: Head) -> bool:
    """Whether the record is the next one after `head`."""
    return (record.sequence, record.previous) == (head.sequence + 1, head.hash)


def head_of(record: Record) -> Head:
    """The head once this record is the last."""
    return Head(record.chain, record.sequence, record.hash)


def _digest(record: Record) -> str:
    bare = msgspec.structs.replace(record, hash="")
    return hashlib.sha256(_encode(bare)).hexdigest()
