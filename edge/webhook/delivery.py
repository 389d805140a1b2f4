"""What is delivered: one decision, in the body of one webhook."""

from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from edge.visible import Visible
from schemas.decisions import Action
from schemas.errors import MalformedEventError
from schemas.events import MAX_TS
from schemas.wire import UNREADABLE

# A decision with every list full is about 10 KiB; receivers of the standard expect 20 at most.
MAX_BODY_BYTES: Final = 64 * 1024


class Notice(Struct, gc=False):
    """The fields of a Decision that say whether an endpoint is to hear of it."""

    decision_id: Visible  # the header webhook-id
    account_id: str
    action: Action
    cause: str
    kyc_tier: int
    decided_at: Annotated[int, Meta(ge=0, le=MAX_TS)]
    mode: str
    campaign_id: str | None = None


class Delivery(Struct, frozen=True, gc=False):
    """One webhook: where its decision lies in the topic, its body, what was tried so far."""

    decision_id: str
    account_id: str
    partition: int
    offset: int
    decided_at: int
    body: bytes
    tries: int = 0
    error: str = ""

    def failed(self, error: str) -> "Delivery":
        """The same after one more try in vain."""
        return msgspec.structs.replace(self, tries=self.tries + 1, error=error[:256])


class Erasure(Struct, frozen=True, gc=False):
    """The end of an account, in its turn among its deliveries, and where it was told."""

    topic: str
    account_id: str
    partition: int
    offset: int


_notice = msgspec.json.Decoder(Notice)
_packed = msgspec.msgpack.Decoder(Delivery)


def read_notice(message: bytes) -> Notice:
    """Read a message of the decisions topic. Raises MalformedEventError."""
    try:
        return _notice.decode(message)
    except UNREADABLE as error:
        raise MalformedEventError(f"not a decision: {error}") from None


def delivery(notice: Notice, message: bytes, partition: int, offset: int) -> Delivery:
    """The webhook of a decision; the body is the same at every try, as signatures want it."""
    at = datetime.fromtimestamp(notice.decided_at / 1_000, UTC).isoformat(timespec="milliseconds")
    timestamp = at.replace("+00:00", "Z").encode()
    body = b'{"type":"decision.changed","timestamp":"%b","data":%b}' % (timestamp, message)
    return Delivery(
        notice.decision_id, notice.account_id, partition, offset, notice.decided_at, body
    )


def pack(delivery: Delivery) -> bytes:
    """For the store: the offset in 8 bytes, big-endian, then the rest."""
    return delivery.offset.to_bytes(8) + msgspec.msgpack.encode(delivery)


def unpack(packed: bytes) -> Delivery:
    """Undo `pack`."""
    return _packed.decode(packed[8:])
