"""Which events touch, what a touch holds, and what is refused as one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kyc.profile import UNKNOWN, Profile
from schemas.errors import MalformedEventError
from schemas.features import CONDUCT_NAMES
from stream.agents import Gate
from stream.decode.geography import Geography
from stream.decode.hashing import KeyedHasher
from stream.know.profiles import Position, seal
from stream.link.kinds import KIND
from stream.link.touches import BANDS, SLOT_MS, Touch, bands, decode_touch, encode_touch
from stream.metrics import Metrics
from stream.store import Entry, Kind, MemoryStore
from tests.unit.gates import NOW, ListSink, Raw, Told, chunk, court, request
from tests.unit.test_profile import DAY, event, profile
from tests.unit.touched import touch, value

FULL = (1 << 64) - 1


@dataclass(slots=True)
class Kept:
    """Keeps touches as they are written."""

    touches: list[bytes] = field(default_factory=list)

    async def send(self, touches: Sequence[Touch]) -> None:
        self.touches += map(encode_touch, touches)


async def touched(
    records: Sequence[Raw], cuts: Sequence[int] = (), known: Profile = UNKNOWN
) -> list[Touch]:
    """The touches of ada's requests that come in chunks cut at these places; known: who she is."""
    kept, store = Kept(), MemoryStore()
    await store.write([Entry("ada", seal(known, Position(0, 0), 0))], Kind.PROFILE)
    gate = Gate(
        court=court(Told(0.25)),
        hasher=KeyedHasher(b"pepper"),
        geography=Geography(),
        store=store,
        sink=ListSink(),
        metrics=Metrics(),
        outlet=kept,
    )
    bounds = [0, *sorted(cuts), len(records)]
    for begin, end in pairwise(bounds):
        if begin < end:
            await gate.handle(chunk(*records[begin:end]))
    return [decode_touch(one) for one in kept.touches]


async def test_a_new_account_is_looked_at_often_and_a_busy_one_seldom() -> None:
    """The 1st, 2nd, 3rd, 4th, 6th, 8th, 12th request and so on, within six hours."""
    begin = NOW - NOW % SLOT_MS
    found = await touched([request(n, ts=begin + n) for n in range(100)])
    assert [one.requests for one in found] == [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96]


async def test_every_six_hours_begin_with_a_touch() -> None:
    """However many requests there were before."""
    begin = NOW - NOW % SLOT_MS
    times = [begin + n for n in range(5)] + [begin + SLOT_MS, begin + SLOT_MS + 1]
    times += [begin + 3 * SLOT_MS]
    found = await touched([request(n, ts=ts) for n, ts in enumerate(times)])
    assert [one.ts - begin for one in found] == [0, 1, 2, 3, SLOT_MS, 3 * SLOT_MS]


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(0, 40), st.integers(0, SLOT_MS // 4)),
        min_size=1,
        max_size=40,
    ),
    st.lists(st.integers(0, 40), max_size=6),
)
async def test_the_cuts_between_batches_do_not_matter(
    events: list[tuple[str, int, int]], cuts: list[int]
) -> None:
    """The same events make the same touches in the same order, whatever the batches are."""
    ts, records = NOW, []
    for offset, (account, prompt, gap) in enumerate(events):
        ts += gap
        fields = {"template_hash": f"{prompt:016x}", "hash_version": 1, "ip": f"10.0.{prompt}.1"}
        records.append(request(offset, account, ts, **fields))
    assert await touched(records, [c for c in cuts if c < len(records)]) == await touched(records)


async def test_a_touch_holds_what_was_shown() -> None:
    """Values used, totals, the score so far, country and model."""
    fields = {"device_id": "d", "user_agent": "u", "country": "FR", "input_tokens": 7}
    first, second = await touched([request(n, **fields) for n in range(2)])
    kinds = {kind for kind, _ in second.values}
    assert {KIND["device"], KIND["user_agent"]} <= kinds
    assert (second.requests, second.tokens, second.score, second.country) == (2, 14, 0.25, "FR")
    assert (second.account_id, second.event_id, second.model) == ("ada", "e1", "m")
    assert second.peak == pytest.approx(0.25, abs=1e-4)
    assert first.values == second.values
    assert len(second.row) == 2 * len(CONDUCT_NAMES)


async def test_a_touch_holds_what_speaks_of_other_hands() -> None:
    """A strange sign-in, what followed it, and when the account was proven."""
    home, abroad = ({"country": c, "device_id": c} for c in ("DE", "BR"))
    known = profile(
        event("login.succeeded", NOW - 90 * DAY, **home),
        event("domain.verified", NOW - 80 * DAY, domain="x.org"),
        event("login.succeeded", NOW - 5, **abroad),
        event("api_key.created", NOW - 3, api_key_id="k"),
    )
    (one,) = await touched([request(0)], known=known)
    assert (one.strange, one.settled, one.proved) == (NOW - 5, NOW - 3, NOW - 80 * DAY)
    (one,) = await touched([request(0)])
    assert (one.strange, one.settled, one.proved) == (0, 0, 0)


async def test_nothing_personal_is_in_a_touch() -> None:
    """Values are keyed hashes: neither address nor device nor agent can be read."""
    fields = {"device_id": "device-of-ada", "user_agent": "agent-of-ada", "ip": "198.51.100.7"}
    (one,) = await touched([request(0, **fields)])
    told = encode_touch(one)
    assert not any(word in told for word in (b"device-of", b"agent-of", b"198.51"))


async def test_a_row_is_finite_where_it_is_known() -> None:
    """What half a float's width cannot hold is clipped; not known stays not known."""
    (one,) = await touched([request(0, input_tokens=10_000_000)])
    row = np.frombuffer(one.row, np.float16)
    assert not np.isinf(row).any()
    assert np.isnan(row).any()


@given(st.integers(0, FULL), st.sets(st.integers(0, 63), max_size=BANDS - 1))
def test_near_texts_have_a_band_in_common(simhash: int, flipped: set[int]) -> None:
    """Two SimHashes of at most three different bits."""
    near = simhash
    for bit in flipped:
        near ^= 1 << bit
    assert set(bands(simhash)) & set(bands(near))


@given(st.integers(0, FULL))
def test_bands_of_two_places_never_meet(simhash: int) -> None:
    """The same bits at another place are another band."""
    assert len(set(bands(simhash))) == BANDS


def test_a_touch_reads_back() -> None:
    """Written and read it is the same; so is one that an older worker wrote."""
    one = touch("a", NOW, value("card", FULL), value("asn", 3))
    assert decode_touch(encode_touch(one)) == one
    last = Touch.__struct_fields__.index("values") + 1
    older = msgspec.msgpack.encode(msgspec.msgpack.decode(encode_touch(one))[:last])
    assert decode_touch(older) == one


@pytest.mark.parametrize(
    "wrong",
    [
        {"partition": -1},
        {"partition": 1 << 16},
        {"ts": -1},
        {"ts": 1 << 63},
        {"score": 1.5},
        {"tier": 4},
        {"values": [(99, 1)]},
        {"values": [(0, -1)]},
        {"row": b"short"},
        {"account_id": ""},
    ],
)
def test_numbers_that_cannot_be_are_refused(wrong: dict[str, object]) -> None:
    """A touch that would break a fold is malformed, and says where."""
    with pytest.raises(MalformedEventError, match="touch: "):
        decode_touch(encode_touch(msgspec.structs.replace(touch("a"), **wrong)))


@pytest.mark.parametrize("body", [None, b"", b"\xff", b"{}", b"\x90", b"\xc1"])
def test_what_is_no_touch_is_refused(body: bytes | None) -> None:
    """Tombstones and garbage."""
    with pytest.raises(MalformedEventError):
        decode_touch(body)


def test_what_is_nested_without_end_is_no_touch() -> None:
    """It would end each linker that reads it."""
    parts = [*msgspec.msgpack.decode(encode_touch(touch("a"))), None]
    endless = msgspec.msgpack.encode(parts)[:-1] + b"\x91" * 100_000
    with pytest.raises(MalformedEventError, match="touch: "):
        decode_touch(endless)
