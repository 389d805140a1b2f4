"""Pardons: marks on accounts whose campaign a person has dismissed, as they lie in the store."""

from typing import Final

from schemas.errors import StoreError
from stream.link.membership import FENCE, LINKER, Place

VERSION: Final = 1
NO_PARDON: Final = ""


def seal_pardon(campaign_id: str, place: Place) -> bytes:
    """A mark as bytes, fenced by the last touch that was folded; NO_PARDON lifts it."""
    return FENCE.pack(place.epoch, LINKER, place.offset, VERSION) + campaign_id.encode()


def unseal_pardon(value: bytes | None) -> str:
    """The dismissed campaign, NO_PARDON where there is none. StoreError: an unknown version."""
    if value is None:
        return NO_PARDON
    if value[FENCE.size - 1] != VERSION:
        raise StoreError(f"a pardon of layout {value[FENCE.size - 1]}, this linker reads {VERSION}")
    return value[FENCE.size :].decode()
