"""Notices: what linking says of one account, as the gate reads it beside the state.

A notice tells of the most surprising value that the account shares, and by how much those who
share it differ from the stream at large. All of it is relative to this stream: see
stream/link/surprise.py. Its front has a fixed layout, so that a batch is read at once.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.errors import StoreError
from schemas.features import LINK_NAMES
from stream.link.kinds import KINDS
from stream.link.membership import LINKER, Place

VERSION: Final = 1
LAYOUT: Final = np.dtype(
    [
        # The fence, as in a membership: write.lua reads it.
        ("epoch", ">u2"),
        ("partition", ">u2"),
        ("offset", ">i8"),
        ("version", "u1"),
        ("kind", "u1"),
        ("accounts", "<u4"),
        ("unproven", "<u4"),
        ("surprise", "<f4"),
        ("families", "u1"),
        ("excess", "<f4"),
        ("growth", "<f4"),
    ]
)
_READ: Final = ("surprise", "families", "excess", "growth")


class Notice(NamedTuple):
    """What is said of an account; `kind` to `growth` of its most surprising shared value.

    kind: index in KINDS; accounts, unproven: how many use it, the account itself included;
    surprise: in bans; families: of how many it shares a surprising value; excess: share of the
    unproven beyond what is usual in the stream, -1 to 1; growth: octaves by which the share of
    accounts that are younger than a day exceeds the stream's.
    """

    kind: int
    accounts: int
    unproven: int
    surprise: float
    families: int
    excess: float
    growth: float


def seal(notice: Notice, place: Place) -> bytes:
    """A notice as bytes."""
    fence = (place.epoch, LINKER, place.offset, VERSION)
    return np.array([(*fence, *notice)], LAYOUT).tobytes()


class Notices:
    """The notices of A accounts. Raises StoreError: an unknown layout."""

    def __init__(self, values: Sequence[bytes | None]) -> None:
        self._of = {at: value for at, value in enumerate(values) if value is not None}
        if unread := {value[12] for value in self._of.values()} - {VERSION}:
            raise StoreError(
                f"notice of layout {sorted(unread)} in the store, this worker reads {VERSION}"
            )
        self._accounts = len(values)

    def columns(self, account: NDArray[np.int64]) -> NDArray[np.float32]:
        """What each event's account shares, in the order of LINK_NAMES; NaN: not known.

        account: int64[n], indices below A; float32[n, links].
        """
        told = np.full((self._accounts, len(LINK_NAMES)), np.nan, np.float32)
        if self._of:
            held = np.frombuffer(b"".join(self._of.values()), LAYOUT)
            told[list(self._of)] = np.stack([held[name] for name in _READ], axis=1)
        return told[account]

    def text(self, account: int) -> str | None:
        """What a person is told of an account's most surprising value; None without a notice."""
        value = self._of.get(account)
        if value is None:
            return None
        (held,) = np.frombuffer(value, LAYOUT)
        kind, accounts, unproven = KINDS[held["kind"]].told, held["accounts"], held["unproven"]
        named = kind.replace("_", " ")
        return f"{accounts:,} accounts share this {named}, {unproven:,} of them unproven"
