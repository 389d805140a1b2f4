"""Touches: what an account showed at a moment, for whoever looks across accounts.

Most events say nothing new about who belongs together. So an account is looked at on its 1st, 2nd,
3rd, 4th, 6th, 8th, 12th … request and on the first one in every six hours: a new account at once,
a busy one seldom. The choice depends on the account's own past only, so that a repeated chunk
makes the same touches again.
"""

from typing import Annotated, NamedTuple, cast

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from kyc.assessed import SCORE_UNITS
from kyc.countries import name as country_name
from kyc.known import STRONG, shown
from kyc.links import links
from kyc.profile import NEVER, UNKNOWN, Profile
from kyc.signins import settled, strange
from kyc.tiers import Tier
from schemas.errors import MalformedEventError
from schemas.features import CONDUCT_NAMES
from schemas.wire import UNREADABLE
from stream.decode.batch import RequestBatch
from stream.know.profiles import Profiles
from stream.link.kinds import KIND, KINDS
from stream.remember.windows import Sight

SLOT_MS = 6 * 3_600_000
BANDS = 4  # of a SimHash: two texts within 3 bits of each other have one of them in common
_BAND_BITS = 64 // BANDS
_STEPS = (1 << 16) - 1
_LARGEST = float(np.finfo(np.float16).max)
_LARGEST_INT = (1 << 63) - 1
_ROW_BYTES = 2 * len(CONDUCT_NAMES)

Value = tuple[int, int]  # kind, keyed hash
_Numbers = tuple[int, int, float, float, int, int, int, int, bool]  # of a Touch, in its order


_Id = Annotated[str, Meta(min_length=1, max_length=256)]
_Count = Annotated[int, Meta(ge=0, le=_LARGEST_INT)]
_Part = Annotated[float, Meta(ge=0, le=1)]
_Row = Annotated[bytes, Meta(min_length=_ROW_BYTES, max_length=_ROW_BYTES)]
_Value = tuple[Annotated[int, Meta(ge=0, lt=len(KINDS))], Annotated[int, Meta(ge=0)]]


class Touch(msgspec.Struct, array_like=True, gc=False):
    """One account at one moment. Times are ms; nothing in it is personal.

    row: the features of its conduct, float16[conduct]; score: by these alone; peak: its highest
    score so far; begun: sign-up, 0 where it is not known; established: see kyc/known.py;
    kyc_peak: see kyc/assessed.py, from 0 to 1; strange, settled: see kyc/signins.py; proved: when
    it last showed what makes an account established at once, 0: never.
    """

    account_id: _Id
    event_id: _Id
    partition: Annotated[int, Meta(ge=0, lt=1 << 16)]
    ts: _Count
    score: _Part
    peak: _Part
    requests: _Count
    tokens: _Count
    tier: Annotated[int, Meta(ge=0, lt=len(Tier))]
    begun: _Count
    established: bool
    country: str
    model: str
    row: _Row
    values: list[_Value]
    kyc_peak: _Part = 0.0
    strange: _Count = NEVER
    settled: _Count = NEVER
    proved: _Count = NEVER


class Erasure(NamedTuple):
    """The end of an account, in the order of the touches: a message without a value."""

    account_id: str


encode_touch = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Touch).decode


def decode_touch(value: bytes | None) -> Touch:
    """Read a touch. MalformedEventError: another layout, or numbers that cannot be."""
    try:
        return _decode(value or b"")
    except UNREADABLE as error:
        raise MalformedEventError(str(error), "touch") from error


def read(key: bytes | None, value: bytes | None) -> Touch | Erasure:
    """What a message of the topic says. Raises MalformedEventError."""
    if value is not None or not key:
        return decode_touch(value)
    return Erasure(key.decode("utf-8", "replace"))


def due(sight: Sight) -> NDArray[np.intp]:
    """Which counted events touch: rows of `sight`."""
    count = sight.requests
    octave = np.int64(1) << np.log2(count).astype(np.int64)
    at_count = (count == octave) | (2 * count == 3 * octave)
    return np.flatnonzero(at_count | (sight.before // SLOT_MS != sight.clock // SLOT_MS))


_USED = {
    "subnet": "network",
    "device": "device",
    "tls_fingerprint": "tls",
    "user_agent": "user_agent",
    "system_prompt": "system",
    "template": "template",
}


def raise_peaks(
    header: NDArray[np.void], sight: Sight, scores: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Each account's highest score so far at each event; `header` moves on with them."""
    steps = np.ceil(scores * _STEPS).astype(np.int64)
    base = sight.account << 16  # accounts are sorted, so a running maximum stays within one
    highest = np.maximum.accumulate(base + np.maximum(steps, header["peak"][sight.account])) - base
    np.maximum.at(header["peak"], sight.account, steps.astype(np.uint16))
    peaks: NDArray[np.float64] = highest / _STEPS
    return peaks


def touches(
    batch: RequestBatch,
    sight: Sight,
    rows: NDArray[np.float32],
    conduct: NDArray[np.float64],
    peaks: NDArray[np.float64],
    profiles: Profiles,
) -> list[Touch]:
    """The touches of a batch, in order of arrival. An erased account leaves none.

    conduct: scores by conduct alone, of the events that are `due`.
    """
    at = due(sight)
    at = at[profiles.known.erased[sight.account[at]] == NEVER]
    at = at[np.argsort(sight.row[at])]
    account, row, clock = sight.account[at], sight.row[at], sight.clock[at]
    numbers = (
        batch.partition[row],
        clock,
        conduct[at],
        peaks[at],
        sight.requests[at],
        sight.tokens[at],
        profiles.known.tier(account, clock),
        profiles.known.begun[account],
        profiles.known.established(account, clock),
    )
    squeezed = np.clip(rows[at, : len(CONDUCT_NAMES)], -_LARGEST, _LARGEST).astype(np.float16)
    countries = [country_name(code) for code in batch.country[row].tolist()]
    used = _used_values(batch, row)
    kyc_peaks = (profiles.known.lasting_peak(account, clock) / SCORE_UNITS).tolist()
    facts = [profiles[a] or UNKNOWN for a in account.tolist()]
    proved = list(map(_proved, facts, profiles.known.proofs[account].tolist()))
    return [
        Touch(
            batch.accounts[a],
            batch.event_id[r],
            *cast(_Numbers, told),
            countries[i],
            batch.named[r],
            squeezed[i].tobytes(),
            used[i] + _told_values(facts[i]),
            kyc_peaks[i],
            strange(facts[i]),
            settled(facts[i]),
            proved[i],
        )
        for i, (a, r, *told) in enumerate(
            zip(account.tolist(), row.tolist(), *(n.tolist() for n in numbers), strict=True)
        )
    ]


def _used_values(batch: RequestBatch, row: NDArray[np.int64]) -> list[list[Value]]:
    """What each of the given events of the batch shows."""
    columns = {KIND[kind]: getattr(batch, field)[row].tolist() for kind, field in _USED.items()}
    columns[KIND["asn"]] = np.maximum(batch.asn[row], 0).tolist()
    simhash = batch.simhash[row].tolist()
    return [
        [(kind, column[i]) for kind, column in columns.items() if column[i]]
        + [(KIND["prompt_neighbourhood"], band) for band in bands(simhash[i]) if simhash[i]]
        for i in range(len(row))
    ]


def _proved(profile: Profile, proofs: int) -> int:
    if not proofs & STRONG:
        return NEVER  # the rule, and most of what this would cost
    since = (at for proof, at in shown(profile).items() if proof & STRONG & proofs)
    return max(since, default=NEVER)


def _told_values(profile: Profile) -> list[Value]:
    """What the account told of itself."""
    return [(KIND[kind], value) for kind, found in links(profile).items() for value in found]


def bands(simhash: int) -> list[int]:
    """The pieces of a SimHash, unlike between places."""
    mask = (1 << _BAND_BITS) - 1
    return [place << _BAND_BITS | simhash >> place * _BAND_BITS & mask for place in range(BANDS)]
