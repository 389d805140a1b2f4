"""Each event once: the ids that an account used in the last ten minutes of its time.

An event is a repeat when its id was used at most GRACE before the account's clock. An event
older than GRACE is late and never counted, so a repeat cannot slip in after its id is forgotten.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stream.remember.calendar import Ints
from stream.remember.recency import ranks

GRACE_MS = 600_000
MINUTE_MS = 60_000
GRACE = GRACE_MS // MINUTE_MS
# account, id and age in one sortable integer: up to 2**15 accounts a batch
ID_BITS, AGE_BITS = 44, 4
# 109 events a second for ten minutes; beyond it the oldest ids of that account are forgotten.
MOST = 65_536


@dataclass(frozen=True, slots=True)
class Ids:
    """Ids by account: account[n], id[n] (44 bits of a hash), minute[n] of its last use."""

    account: Ints
    id: Ints
    minute: Ints

    def identity(self) -> Ints:
        """One integer per (account, id)."""
        return self.account << ID_BITS | self.id


def repeated(held: Ids, used: Ids, before: Ints) -> NDArray[np.bool_]:
    """Which of `used`, by account and in order of arrival, repeat an id; shape (len(used),).

    held is sorted by account and id; `before` is the account's clock ahead of each, ms or -1.
    """
    known, asked = held.identity(), used.identity()
    place = np.minimum(np.searchsorted(known, asked), len(known) - 1)
    again = known[place] == asked if len(known) else np.zeros(len(asked), bool)
    order = np.argsort(asked, kind="stable")
    twice = np.diff(asked[order], prepend=-1) == 0
    if not again.any() and not twice.any():
        return again
    return _walk(
        dict(zip(asked[again].tolist(), held.minute[place[again]].tolist(), strict=True)),
        asked,
        used.minute,
        before,
    )


def _walk(latest: dict[int, int], asked: Ints, minute: Ints, before: Ints) -> NDArray[np.bool_]:
    """One by one, since an id that comes again is fresh again; only batches with repeats pay."""
    result = np.zeros(len(asked), bool)
    for row, (key, at, clock) in enumerate(
        zip(asked.tolist(), minute.tolist(), before.tolist(), strict=True)
    ):
        result[row] = key in latest and clock // MINUTE_MS - latest[key] <= GRACE
        latest[key] = max(at, latest.get(key, at))
    return result


def renew(held: Ids, used: Ids, clock: Ints) -> Ids:
    """The ids after the batch, at each account's new clock ms[accounts]; sorted as held."""
    account = np.concatenate([held.account, used.account])
    minute = np.concatenate([held.minute, used.minute])
    age = clock[account] // MINUTE_MS - minute
    identity = np.concatenate([held.identity(), used.identity()]) << AGE_BITS | age
    identity = np.sort(identity[age <= GRACE])  # the latest use of each id first
    identity = identity[np.diff(identity >> AGE_BITS, prepend=-1) != 0]
    account = identity >> ID_BITS + AGE_BITS
    if len(account) > MOST:
        identity = _newest(identity, account)
        account = identity >> ID_BITS + AGE_BITS
    minute = clock[account] // MINUTE_MS - (identity & (1 << AGE_BITS) - 1)
    return Ids(account, identity >> AGE_BITS & (1 << ID_BITS) - 1, minute)


def _newest(identity: Ints, account: Ints) -> Ints:
    """At most MOST of each account, the newest."""
    age = identity & (1 << AGE_BITS) - 1
    order = np.lexsort((identity, age, account))
    return np.sort(identity[order][ranks(account[order]) < MOST])
