"""Recall: what held states say by themselves, as their accounts' last events saw it."""

import numpy as np

from stream.remember import recency
from stream.remember.calendar import DAILY, FINE, TICK_MS, Ints
from stream.remember.measures import DAILY_MEASURES, FINE_MEASURES
from stream.remember.packing import UNKNOWN, State
from stream.remember.recency import KINDS, Hashes
from stream.remember.tiles import Timeline, window_sums
from stream.remember.windows import Sight


def recall(state: State) -> Sight:
    """One row for each account that was ever seen, at its clock: its windows as they stand.

    As if an event of no content came at the very time of the last one. What lies between two
    clocks, `before`, is not held.
    """
    account = np.flatnonzero(state.header["clock"] != UNKNOWN)
    header = state.header[account]
    clock = header["clock"].astype(np.int64)
    tick, none = clock // TICK_MS, np.arange(0)
    rows = np.arange(len(account))
    timeline = Timeline(account, rows, tick, tick)
    nothing: list[Hashes] = [np.zeros(0, np.uint64) for _ in KINDS[:-1]]
    unused, _ = recency.uses(Timeline(none, none, none, none), nothing, none)
    return Sight(
        rows,
        account,
        clock,
        header["first"].astype(np.int64),
        clock,
        header["requests"].astype(np.int64),
        header["tokens"].astype(np.int64),
        window_sums(FINE, state.fine, timeline, _nothing(rows, FINE_MEASURES)),
        window_sums(DAILY, state.daily, timeline, _nothing(rows, DAILY_MEASURES)),
        recency.distinct(state.recent, unused, none, timeline),
    )


def _nothing(rows: Ints, measures: tuple[str, ...]) -> Ints:
    return np.zeros((len(rows), len(measures)), np.int64)
