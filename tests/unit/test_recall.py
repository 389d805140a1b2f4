"""Recall: a held state gives the row that its account's last event had."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from schemas.features import CONDUCT_NAMES
from stream.decode.batch import RequestBatch
from stream.remember.packing import unpack
from stream.remember.recall import recall
from stream.remember.rows import conduct_rows
from stream.remember.windows import Sight
from stream.store import MemoryStore
from tests.unit.gates import HOUR, MINUTE, NOW, ListSink, Told, chunk, court, gate, request

Seen = dict[str, NDArray[np.float32]]

events = st.lists(
    st.tuples(
        st.sampled_from(["ada", "bob", "eve"]),
        st.integers(0, 40 * 24 * HOUR),
        st.sampled_from([None, "192.0.2.1", "198.51.100.7"]),
        st.integers(0, 5_000),
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=25)
@given(told=events, size=st.integers(1, 10))
async def test_a_state_recalls_what_its_last_event_saw(
    told: list[tuple[str, int, str | None, int]], size: int
) -> None:
    """All conduct to the bit, whatever came before and however it was cut into chunks."""
    last: Seen = {}

    def keep(batch: RequestBatch, sight: Sight, rows: NDArray[np.float32]) -> None:
        order = np.argsort(sight.row)
        for at in order.tolist():
            last[batch.accounts[int(sight.account[at])]] = rows[at]

    store = MemoryStore()
    one = gate(court(Told()), ListSink(), store, witness=keep)
    records = [
        request(n, account, ts=NOW + ts, ip=ip, input_tokens=tokens, turns=tokens % 7)
        for n, (account, ts, ip, tokens) in enumerate(sorted(told, key=lambda event: event[1]))
    ]
    for begin in range(0, len(records), size):
        await one.handle(chunk(*records[begin : begin + size]))
    names = list(last)
    recalled = conduct_rows(recall(unpack([store.states[name] for name in names])))
    seen = np.stack([last[name] for name in names])[:, : len(CONDUCT_NAMES)]
    np.testing.assert_array_equal(recalled, seen)


def test_an_account_that_was_never_seen_has_no_row() -> None:
    """There is nothing to recall."""
    assert len(recall(unpack([None, None])).row) == 0


async def test_an_event_within_the_grace_changes_what_the_clock_says() -> None:
    """The windows end at the clock, not at the late event."""
    store = MemoryStore()
    one = gate(court(Told()), ListSink(), store)
    await one.handle(chunk(request(0, ts=NOW), request(1, ts=NOW - 2 * MINUTE)))
    sight = recall(unpack([store.states["ada"]]))
    assert (sight.clock.tolist(), sight.requests.tolist()) == ([NOW], [2])
