"""Sums over windows: integer tiles per account, and their totals at the moment of each event."""

from dataclasses import dataclass

import numpy as np

from stream.remember.calendar import SLOTS_PER_LEVEL, Calendar, Ints

# Composite sort keys: account index above, ticks (below 2**31 until the year 2310) beneath.
ACCOUNT = 1 << 32
_SLOTS = 8 * SLOTS_PER_LEVEL


@dataclass(frozen=True, slots=True)
class Tiles:
    """Rows of sums, by account and within it newest first.

    account: index of the account [n]; slot: place at the account's clock [n], see
    stream/remember/calendar.py; start: first tick [n]; values: sums [n, measures].
    """

    account: Ints
    slot: Ints
    start: Ints
    values: Ints


@dataclass(frozen=True, slots=True)
class Timeline:
    """The counted events of a batch, by account and within it in order of arrival.

    account: index of the account [n]; begin: row of its account's first event [n];
    tick: the event's own time [n]; clock: the account's latest tick so far, never falling [n].
    """

    account: Ints
    begin: Ints
    tick: Ints
    clock: Ints

    def leaves(self, bound: Ints, account: Ints, tick: Ints) -> Ints:
        """Row of the first event at which `tick` has left a window that starts at `bound`.

        The row past the account's last one where it stays to the end of the batch.
        """
        edges = self.account * ACCOUNT + bound
        rows: Ints = np.searchsorted(edges, account * ACCOUNT + tick, side="right")
        return rows


def window_sums(calendar: Calendar, held: Tiles, events: Timeline, values: Ints) -> Ints:
    """Sums over each window at each event, itself included; shape (n, windows, measures)."""
    bounds = calendar.bounds(events.clock)
    sums = _held_sums(held, events, bounds)
    for w in range(len(calendar.windows)):
        sums[:, w] += _batch_sums(events, bounds[:, w], values)
    return sums


def _held_sums(held: Tiles, events: Timeline, bounds: Ints) -> Ints:
    """What the tiles from before the batch add: newest first, so a prefix of each account's."""
    totals = np.zeros((len(held.account) + 1, held.values.shape[1]), np.int64)
    np.cumsum(held.values, axis=0, out=totals[1:])
    backwards = held.account * ACCOUNT + (ACCOUNT - 1 - held.start)
    account = events.account[:, None] * ACCOUNT
    last = np.searchsorted(backwards, account + (ACCOUNT - 1 - bounds), side="right")
    first = np.searchsorted(backwards, account)
    sums: Ints = totals[last] - totals[first]
    return sums


def _batch_sums(events: Timeline, bound: Ints, values: Ints) -> Ints:
    """What the batch's own earlier events add: each enters at its row and leaves at another."""
    rows = np.arange(len(events.tick))
    leave = events.leaves(bound, events.account, events.tick)
    changes = np.where((leave > rows)[:, None], values, 0)
    leaving = np.flatnonzero((leave > rows) & (leave < len(rows)))
    leaving = leaving[events.account[leave[leaving]] == events.account[leaving]]
    np.subtract.at(changes, leave[leaving], values[leaving])
    totals = np.zeros((len(rows) + 1, values.shape[1]), np.int64)
    np.cumsum(changes, axis=0, out=totals[1:])
    sums: Ints = totals[1:] - totals[events.begin]
    return sums


def merge(calendar: Calendar, held: Tiles, events: Timeline, values: Ints, clock: Ints) -> Tiles:
    """The tiles after the batch, at each account's new clock ticks[accounts]; old ones fall out."""
    account = np.concatenate([held.account, events.account])
    start = np.concatenate([held.start, events.tick])
    slot = calendar.slots(start, account, clock)
    kept = np.flatnonzero(slot >= 0)
    place = account[kept] * _SLOTS + slot[kept]
    order = np.argsort(place, kind="stable")
    place, kept = place[order], kept[order]
    if not len(place):
        return Tiles(place, place, place, np.zeros((0, values.shape[1]), np.int64))
    first = np.flatnonzero(np.diff(place, prepend=-1))
    sums = np.add.reduceat(np.concatenate([held.values, values])[kept], first, axis=0)
    owner, slot = place[first] // _SLOTS, place[first] % _SLOTS
    return Tiles(owner, slot, calendar.starts(slot, clock[owner]), sums)
