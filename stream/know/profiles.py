"""Profiles as bytes: a fence, the numbers that every request asks for, and the facts themselves.

The numbers stand in a fixed layout at the front, so that a batch of requests reads them of all its
accounts at once and opens no profile.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from kyc.assessed import UNASSESSED, Assessed
from kyc.known import NOTHING, Known, summary
from kyc.profile import UNKNOWN as NO_FACTS
from kyc.profile import Profile, decode, encode
from schemas.errors import StoreError
from stream.remember.packing import UNKNOWN

VERSION: Final = 3
HEADER: Final = np.dtype(
    [
        # The fence, as in a state: write.lua reads it.
        ("epoch", ">u2"),
        ("partition", ">u2"),
        ("offset", ">i8"),
        ("version", "u1"),
        ("begun", "<i8"),
        ("paid", "<i8"),
        ("disputed", "<i8"),
        ("proofs", "<u2"),
        ("erased", "<i8"),
        ("basic", "<i8"),
        ("verified", "<i8"),
        ("enhanced", "<i8"),
        ("kyc_score", "<u4"),
        ("asked_until", "<i8"),
        ("asked", "u1"),
        ("answered", "<u2"),
        ("peak", "<u4"),
    ]
)
_BLANK: Final = np.array([(0, 0, UNKNOWN, VERSION, *NOTHING, *UNASSESSED)], HEADER).tobytes()


class Position(NamedTuple):
    """Where account events come from; part of the fence."""

    epoch: int
    partition: int


def seal(
    profile: Profile,
    position: Position,
    offset: int,
    assessed: Assessed = UNASSESSED,
    proofs: int | None = None,
) -> bytes:
    """A profile that holds the account events of a partition up to an offset, as assessed then.

    proofs: those that count, as bits; None: all that were shown.
    """
    fence = position.epoch, position.partition, offset, VERSION
    numbers = (*fence, *summary(profile, proofs), *assessed)
    return np.array([numbers], HEADER).tobytes() + encode(profile)


def reseal(value: bytes, assessed: Assessed) -> bytes:
    """The same facts of the same events, assessed anew."""
    header = headers([value]).copy()
    for name, number in zip(Assessed._fields, assessed, strict=True):
        header[name] = number
    return header.tobytes() + value[HEADER.itemsize :]


def unseal(value: bytes | None) -> Profile:
    """The facts; none for None. StoreError: an unknown version, or broken."""
    if value is None:
        return NO_FACTS
    headers([value])
    return _facts(value)


def _facts(value: bytes) -> Profile:
    try:
        return decode(value[HEADER.itemsize :])
    except msgspec.MsgspecError as error:
        raise StoreError(f"a broken profile: {error}") from error


def headers(values: Sequence[bytes | None]) -> NDArray[np.void]:
    """The front of each profile as one row. StoreError: an unknown version."""
    size = HEADER.itemsize
    header = np.frombuffer(b"".join([_BLANK if v is None else v[:size] for v in values]), HEADER)
    if (header["version"] != VERSION).any():
        found = sorted({int(v) for v in header["version"]} - {VERSION})
        raise StoreError(f"profile of layout {found} in the store, this worker reads {VERSION}")
    return header


def know(values: Sequence[bytes | None]) -> Known:
    """What sealed profiles say, one row each. StoreError: an unknown version."""
    header = headers(values)
    return Known(*(header[name].astype(np.int64) for name in Known.__dataclass_fields__))


def assessments(header: NDArray[np.void]) -> list[Assessed]:
    """What the last assessment of each profile left behind."""
    columns = (header[name].tolist() for name in Assessed._fields)
    return [Assessed(*numbers) for numbers in zip(*columns, strict=True)]


class Profiles:
    """The profiles of A accounts: their numbers as columns, their facts when asked for.

    Raises StoreError: an unknown version.
    """

    def __init__(self, values: Sequence[bytes | None]) -> None:
        self._values = values
        self.known = know(values)

    def __getitem__(self, account: int) -> Profile | None:
        """The facts of one account, None where nothing was told. Raises StoreError."""
        value = self._values[account]
        return None if value is None else _facts(value)

    def sealed(self, account: int) -> bytes:
        """The profile of an account of which something was told."""
        value = self._values[account]
        if value is None:
            raise KeyError(account)
        return value

    def __contains__(self, account: int) -> bool:
        """Whether anything was told of an account."""
        return self._values[account] is not None


def held_offsets(header: NDArray[np.void], position: Position) -> NDArray[np.int64]:
    """Last offset that each profile holds of this partition in this epoch, or -1."""
    here = (header["epoch"] == position.epoch) & (header["partition"] == position.partition)
    return np.where(here, header["offset"], UNKNOWN).astype(np.int64)
