"""Which values an account used, and when last: distinct counts over windows in four bytes each.

An entry is (account, kind, 18 bits of the value's hash, last use in units of 5 minutes). Of each
kind only the newest `CAPS[kind]` are kept, so a count saturates there; the newest k of a union
need only the newest k of each part, so counts do not depend on how events fell into batches.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.features import DISTINCT_KINDS
from stream.remember.calendar import FINE, Ints
from stream.remember.tiles import Timeline

KINDS = (*DISTINCT_KINDS, "hours")
# An ordinary account uses few of each; templates are capped lower than they occur, since beyond
# 16 the ratio to requests says as much and every entry costs four bytes for 30 days.
CAPS = np.array([16, 8, 8, 16, 8, 8, 24])
# account, kind, value and row in one sortable integer: up to 2**21 accounts and 2**20 rows a batch
HASH_BITS, AGE_BITS, KIND_BITS, ROW_BITS = 18, 14, 3, 20
UNIT = 60  # ticks in 5 minutes
LONGEST = FINE.windows[-1] + FINE.hops[-1]
# Columns of FINE over which values are counted: 24h, 7d, 30d.
WINDOWS = tuple(FINE.names.index(name) for name in ("24h", "7d", "30d"))

Hashes = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Recent:
    """Entries by account, kind, newest first: account[n], kind[n], value[n] (18 bits), unit[n]."""

    account: Ints
    kind: Ints
    value: Ints
    unit: Ints


def uses(events: Timeline, hashes: list[Hashes], hour: Ints) -> tuple[Recent, Ints]:
    """What the batch's events used, and the row of each use; a hash of 0 is not known."""
    columns = [(h & np.uint64((1 << HASH_BITS) - 1)).astype(np.int64) for h in hashes]
    known = [np.flatnonzero(h) for h in hashes]
    columns.append(hour)
    known.append(np.arange(len(hour)))
    row = np.concatenate(known)
    kind = np.repeat(np.arange(len(KINDS)), [len(k) for k in known])
    value = np.concatenate([c[k] for c, k in zip(columns, known, strict=True)])
    return Recent(events.account[row], kind, value, events.tick[row] // UNIT), row


def ranks(group: Ints) -> Ints:
    """Position of each one within its group; `group` is sorted."""
    rows = np.arange(len(group))
    first = np.diff(group, prepend=-1) != 0
    return rows - np.maximum.accumulate(np.where(first, rows, 0))


def _joined(held: Recent, used: Recent) -> Recent:
    return Recent(
        np.concatenate([held.account, used.account]),
        np.concatenate([held.kind, used.kind]),
        np.concatenate([held.value, used.value]),
        np.concatenate([held.unit, used.unit]),
    )


def _identity(entries: Recent) -> Ints:
    """One integer per (account, kind, value)."""
    place = entries.account << KIND_BITS | entries.kind
    identity: Ints = place << HASH_BITS | entries.value
    return identity


def distinct(held: Recent, used: Recent, row: Ints, events: Timeline) -> Ints:
    """Different values in each of WINDOWS at each event, itself included; (n, kinds, windows)."""
    entries = _joined(held, used)
    begins = np.searchsorted(events.account, held.account)
    enter = np.concatenate([begins, row])
    identity = _identity(entries)
    order = np.argsort(identity << ROW_BITS | enter)
    identity, enter = identity[order], enter[order]
    account, kind = entries.account[order], entries.kind[order]
    tick = entries.unit[order] * UNIT
    bounds = FINE.bounds(events.clock)
    counts = [
        _present(
            identity, kind, enter, events.leaves(bounds[:, w], account, tick), len(events.tick)
        )
        for w in WINDOWS
    ]
    capped: Ints = np.minimum(np.stack(counts, axis=2), CAPS[:, None])
    return capped


def _present(identity: Ints, kind: Ints, enter: Ints, leave: Ints, rows: int) -> Ints:
    """How many values of each kind are present at each row, from stays [enter, leave).

    Stays of one value may overlap: each adds only what lies beyond the longest before it.
    """
    group = np.cumsum(np.diff(identity, prepend=-1) != 0)
    longest = np.maximum.accumulate(group * (rows + 1) + np.maximum(enter, leave))
    before = np.concatenate([[0], longest[:-1]]) - group * (rows + 1)
    begin = np.maximum(enter, before)
    stays = leave > begin
    cells = len(KINDS) * (rows + 1)
    place = kind[stays] * (rows + 1)
    change = np.bincount(place + begin[stays], minlength=cells)
    change -= np.bincount(place + leave[stays], minlength=cells)
    present: Ints = np.cumsum(change.reshape(len(KINDS), rows + 1), axis=1)[:, :-1].T
    return present


def renew(held: Recent, used: Recent, clock: Ints) -> Recent:
    """The entries after the batch, at each account's new clock ticks[accounts]."""
    entries = _joined(held, used)
    age = clock[entries.account] // UNIT - entries.unit
    kept = np.flatnonzero(age <= LONGEST // UNIT)
    identity = _identity(entries)[kept] << AGE_BITS | age[kept]
    identity = np.sort(identity)  # the newest use of each value first
    newest = identity[np.diff(identity >> AGE_BITS, prepend=-1) != 0]
    return _capped(newest, clock)


def _capped(identity: Ints, clock: Ints) -> Recent:
    """Entries packed as account, kind, value, age: the newest of each kind, up to its cap."""
    value = identity >> AGE_BITS & (1 << HASH_BITS) - 1
    age = identity & (1 << AGE_BITS) - 1
    place = identity >> AGE_BITS + HASH_BITS
    order = np.argsort(place << AGE_BITS + HASH_BITS | age << HASH_BITS | value)
    place, value, age = place[order], value[order], age[order]
    kept = ranks(place) < CAPS[place & (1 << KIND_BITS) - 1]
    account = place[kept] >> KIND_BITS
    unit = clock[account] // UNIT - age[kept]
    return Recent(account, place[kept] & (1 << KIND_BITS) - 1, value[kept], unit)
