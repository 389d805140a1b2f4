"""Which account events end an account: whatever the edge keeps of it must go."""

from typing import Final

import msgspec
from msgspec import Struct

from schemas.errors import MalformedEventError
from schemas.wire import UNREADABLE

ERASED: Final = "account.erased"


class AccountEnd(Struct, frozen=True, gc=False):
    """The fields of an account event that say whose end it is, and when, ms."""

    account_id: str
    ts: int
    type: str


_read = msgspec.json.Decoder(AccountEnd).decode


def account_end(message: bytes | None) -> AccountEnd | None:
    """What a message of the accounts topic ends; None for all but erasures.

    Raises MalformedEventError.
    """
    # Most are sign-ups and logins: a look at the bytes is a hundredth of the price of reading.
    if message is None or ERASED.encode() not in message:
        return None
    try:
        told = _read(message)
    except UNREADABLE as error:
        raise MalformedEventError(f"not an account event: {error}") from None
    return told if told.type == ERASED else None
