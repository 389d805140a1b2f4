"""Membership: what a campaign decided about one account, as the gate reads it beside the state."""

import struct
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from schemas.decisions import Action
from schemas.errors import StoreError
from schemas.wire import ReasonWire
from stream.decide.statute import Floor, Standing
from stream.store import Kind, Store

VERSION: Final = 1
# The fence that write.lua reads, and a partition that no topic of accounts has: one linker writes.
FENCE: Final = struct.Struct(">HHqB")
LINKER: Final = (1 << 16) - 1


class _Told(msgspec.Struct, array_like=True):
    campaign_id: str
    action: Action
    answer: int
    expires_at: int
    score: float
    reasons: list[ReasonWire]
    ended: int = 0


class Place(NamedTuple):
    """Where the touch stands that a membership was made by; part of the fence."""

    epoch: int
    offset: int


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Told).decode


def seal(floor: Floor, place: Place) -> bytes:
    """A membership as bytes."""
    told = _Told(floor.campaign_id, *_standing(floor), floor.score, floor.reasons, floor.ended)
    return FENCE.pack(place.epoch, LINKER, place.offset, VERSION) + _encode(told)


def _standing(floor: Floor) -> tuple[Action, int, int]:
    return floor.standing.action, floor.standing.answer, floor.standing.expires_at


def unseal(value: bytes | None) -> Floor | None:
    """The membership, None for None. StoreError: an unknown version, or broken."""
    if value is None:
        return None
    version = value[FENCE.size - 1]
    if version != VERSION:
        raise StoreError(
            f"membership of layout {version} in the store, this worker reads {VERSION}"
        )
    try:
        told = _decode(value[FENCE.size :])
    except msgspec.MsgspecError as error:
        raise StoreError(f"a broken membership: {error}") from error
    standing = Standing(told.action, told.answer, told.expires_at)
    return Floor(told.campaign_id, standing, told.score, told.reasons, told.ended)


async def told_by(store: Store, accounts: Sequence[str], place: Place) -> dict[str, Floor]:
    """What the store says of accounts, but for what was told by touches after `place`. Raises
    StoreError."""
    values = await store.load(accounts, Kind.MEMBERSHIP)
    held = {account: value for account, value in zip(accounts, values, strict=True) if value}
    floors = ((a, unseal(value)) for a, value in held.items() if _place(value) <= place)
    return {account: floor for account, floor in floors if floor}


def _place(value: bytes) -> Place:
    epoch, _, offset, _ = FENCE.unpack_from(value)
    return Place(epoch, offset)
