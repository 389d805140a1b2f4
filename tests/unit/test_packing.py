"""State as bytes: narrow for the quiet, wide enough for the loud, and read back as it was."""

import struct
from dataclasses import fields

import numpy as np
import pytest

from schemas.errors import StoreError
from schemas.events import MAX_COUNT
from simulate.abuse.campaigns import Campaign
from simulate.population import Population
from simulate.scenarios import Scenario
from stream.broker.chunk import Chunk
from stream.decode.geography import Geography
from stream.decode.hashing import KeyedHasher
from stream.decode.records import decode_requests
from stream.lines import REQUESTS, lines
from stream.remember.packing import HEADER, VERSION, State, pack, unpack
from stream.remember.windows import remember
from stream.replay import replay
from stream.store import MemoryStore
from tests.unit.gates import MINUTE, NOW, ListSink, Told, court, gate, request

HASHER = KeyedHasher(b"pepper")


def state_of(*tokens: int, offset: int = 0) -> bytes:
    """The packed state of an account after requests with so many input tokens each."""
    requests = [
        request(offset + n, ts=NOW + n * MINUTE, input_tokens=count, output_tokens=count, tools=n)
        for n, count in enumerate(tokens)
    ]
    source = [Chunk("t", 2, requests, 1 << 62)]
    batch, _ = decode_requests(source, hasher=HASHER, geography=Geography())
    return pack(remember(unpack([None]), batch, 1).state)[0]


def columns(state: State) -> list[list[object]]:
    """Every array of a state."""
    parts = [getattr(state, f.name) for f in fields(state) if f.name != "header"]
    return [[getattr(part, f.name).tolist() for f in fields(part)] for part in parts]


def test_the_fence_comes_first() -> None:
    """Epoch, partition and offset, big-endian: write.lua reads them there."""
    state = state_of(5, 5, 5, offset=40)
    assert struct.unpack(">HHq", state[:12]) == (1, 2, 42)


def test_an_account_never_seen_is_blank() -> None:
    """No offset, no clock, no rows."""
    state = unpack([None])
    head = state.header[0]
    assert (head["offset"], head["clock"], head["first"], head["action"]) == (-1, -1, -1, 0)
    assert not any(any(column) for column in columns(state))


@pytest.mark.parametrize(("tokens", "rung"), [(200, 0), (2**24 - 1, 0), (2**30, 1), (MAX_COUNT, 1)])
def test_sums_take_the_narrowest_rung_that_holds_them(tokens: int, rung: int) -> None:
    """An account of ordinary requests is never packed wide."""
    assert unpack([state_of(tokens)]).header["fine_rung"].tolist() == [rung]


@pytest.mark.parametrize("exponent", [0, 7, 8, 16, 23, 24, 31, 32, 40])
@pytest.mark.parametrize("off", [-1, 0, 1])
def test_every_sum_is_read_back(exponent: int, off: int) -> None:
    """Around each width at which a rung ends, and far beyond the contract's largest count."""
    source = [Chunk("t", 2, [request(0)], 1)]
    batch, _ = decode_requests(source, hasher=HASHER, geography=Geography())
    total = 2**exponent + off
    batch.tokens_in[:] = total
    state = remember(unpack([None]), batch, 0).state
    again = unpack(pack(state))
    assert again.fine.values.max() == max(total, 1)
    np.testing.assert_array_equal(again.fine.values, state.fine.values)
    np.testing.assert_array_equal(again.daily.values, state.daily.values)


def test_states_of_different_rungs_lie_side_by_side() -> None:
    """A batch of quiet and loud accounts and new ones keeps their order, to the byte."""
    held = [state_of(5), None, state_of(2**30), state_of(5, 6, 7), state_of(MAX_COUNT, 1), None]
    again = pack(unpack(held))
    assert [a for a, h in zip(again, held, strict=True) if h] == [h for h in held if h]
    blanks = [a for a, h in zip(again, held, strict=True) if not h]
    assert blanks == pack(unpack([None])) * 2


def test_a_state_of_another_layout_is_refused() -> None:
    """A worker that is older than the state must not guess."""
    newer = bytearray(state_of(5))
    newer[HEADER.fields["version"][1]] = VERSION + 1
    with pytest.raises(StoreError, match=rf"layout \[{VERSION + 1}\].*reads {VERSION}"):
        unpack([state_of(5), bytes(newer)])


async def test_an_account_of_the_alleged_kind_stays_small() -> None:
    """26 requests a day over 30 days: half of the accounts below 1 KB, key and all."""
    scenario = Scenario("quiet", 30, 30.0, (Campaign(share=1.0, per_day=26.0),))
    store = MemoryStore()
    blocks = Population(scenario).request_lines()
    bodies = (line for block in blocks for line in block.data.splitlines())
    one = gate(court(Told()), ListSink(), store)
    await replay(lines(REQUESTS, bodies), {REQUESTS: one.handle})
    sizes = sorted(len(state) for state in store.states.values())
    assert len(sizes) > 25
    assert sizes[len(sizes) // 2] <= 900
