"""A profile: what is known of an account, as a value that facts only ever join.

Joining two profiles is commutative, associative and idempotent, so that the order of events,
repeats, crashes and replays cannot change what is known: earliest facts keep the smallest time,
latest facts the largest, things the largest of each of their numbers. A set of things keeps those
with the smallest hashes: whoever fell out once can never come back, and two accounts that share
many cards keep the same ones (a bottom-k sample). Erasure absorbs everything, before and after.

Nothing here is personal: values are keyed hashes, or as coarse as a country.
"""

from collections.abc import Callable, Mapping
from enum import IntFlag
from itertools import zip_longest
from operator import itemgetter
from typing import Final, TypeVar

import msgspec

# An honest account has one or two cards and one document in its life; keep what shows a ring.
# Owners: those of three companies, see kyc/owners.py; clients: a few telephones and computers in
# a few years, each with its programs.
CAPS: Final = {"card": 8, "failed": 8, "disputed": 8, "owner": 32, "client": 16}
CAP: Final = 4
NEVER: Final = 0

K = TypeVar("K", int, str)
T = TypeVar("T")
Early = tuple[int, int | str]
Thing = tuple[int, ...]


class Proof(IntFlag):
    """What an account has shown of itself."""

    EMAIL = 1
    PHONE = 2
    MFA = 4
    CARD = 8
    PAID = 16
    DOMAIN = 32
    IDENTITY = 64
    BUSINESS = 128


class Profile(msgspec.Struct, array_like=True, frozen=True):
    """Facts by name. Times are ms; a thing is a row of numbers, see kyc/facts.py.

    erased: when, 0 if not. earliest: (time, value) of what the first event that told it said.
    latest: times. things: by kind and hash.
    """

    erased: int = NEVER
    earliest: dict[str, Early] = {}
    latest: dict[str, int] = {}
    things: dict[str, dict[int, Thing]] = {}


UNKNOWN: Final = Profile()
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Profile).decode


def join(one: Profile, other: Profile) -> Profile:
    """All that either knows."""
    if one.erased or other.erased:
        return Profile(erased=max(one.erased, other.erased))
    things = one.things | {
        kind: _capped(kind, one.things.get(kind, {}), found) for kind, found in other.things.items()
    }
    return Profile(
        NEVER,
        _joined(one.earliest, other.earliest, min),
        _joined(one.latest, other.latest, max),
        things,
    )


def _joined(one: dict[str, T], other: Mapping[str, T], choose: Callable[[T, T], T]) -> dict[str, T]:
    return one | {
        name: choose(one[name], told) if name in one else told for name, told in other.items()
    }


def _capped(kind: str, one: dict[int, Thing], other: dict[int, Thing]) -> dict[int, Thing]:
    if (not one or not other) and len(one) + len(other) <= CAP:
        return one or other  # most events tell of one kind of things, or of none
    kept = sorted(one.keys() | other.keys())[: CAPS.get(kind, CAP)]
    return {value: _largest(one.get(value), other.get(value)) for value in kept}


def _largest(one: Thing | None, other: Thing | None) -> Thing:
    if one is None or other is None:
        return one or other or ()
    # A row of an older version lacks the last numbers.
    return tuple(map(max, zip_longest(one, other, fillvalue=0)))


def encode(profile: Profile) -> bytes:
    """The same bytes for the same facts."""
    things = {kind: _sorted(found) for kind, found in profile.things.items()}
    in_order = _sorted(profile.earliest), _sorted(profile.latest), _sorted(things)
    return _encode(Profile(profile.erased, *in_order))


def _sorted(facts: Mapping[K, T]) -> dict[K, T]:
    return dict(sorted(facts.items(), key=itemgetter(0)))


def decode(body: bytes) -> Profile:
    """Raises msgspec.MsgspecError on anything else."""
    return _decode(body)
