"""Each event once: the ids that an account used in the last ten minutes of its time.

An event is a repeat when its id was used at most GRACE before the account's clock. An event
older than GRACE is late and never counted, so a repeat cannot slip in after its id is forgotten.
"""

from dataclasses import dataclass

import numpy as np

from stream.calendar import Ints

GRACE_MS = 600_000
MINUTE_MS = 60_000
GRACE = GRACE_MS // MINUTE_MS
ID_BITS, AGE_BITS = 44, 4
# 109 events a second for ten minutes; beyond it the oldest ids of that account are forgotten.
MOST = 65_536


@dataclass(frozen=True, slots=True)
class Ids:
    """Ids by account, newest first: account[n], id[n] (44 bits of a hash), minute[n] of last use."""

    account: Ints
    id: Ints
    minute: Ints


def repeated(held: Ids, used: Ids, before: Ints) -> np.ndarray:
    """Which of `used`, in order of arrival, repeat an id; `before` is the clock ahead of each [ms].

    Shape (len(used),), bool. `before` is negative where the account had no event yet.
    """
    identity = np.concatenate([held.account, used.account]) << ID_BITS
    identity |= np.concatenate([held.id, used.id])
    order = np.argsort(identity, kind="stable")
    same = np.diff(identity[order], prepend=-1) == 0
    result = np.zeros(len(used.id), bool)
    if not same.any():
        return result
    minute = np.concatenate([held.minute, used.minute])[order]
    group = np.cumsum(~same)
    span = int(minute.max()) + 1
    latest = np.maximum.accumulate(group * span + minute) - group * span
    rows = np.flatnonzero(same)
    later = order[rows] - len(held.id)  # never negative: a held id is its group's first
    fresh = before[later] // MINUTE_MS - latest[rows - 1] <= GRACE
    result[later[fresh]] = True
    return result


def renew(held: Ids, used: Ids, clock: Ints) -> Ids:
    """The ids after the batch, at each account's new clock ms[accounts]."""
    account = np.concatenate([held.account, used.account])
    ids = np.concatenate([held.id, used.id])
    minute = np.concatenate([held.minute, used.minute])
    age = clock[account] // MINUTE_MS - minute
    kept = np.flatnonzero(age <= GRACE)
    order = kept[np.lexsort((age[kept], ids[kept], account[kept]))]
    first = np.flatnonzero(
        (np.diff(account[order], prepend=-1) != 0) | (np.diff(ids[order], prepend=-1) != 0)
    )
    order = order[first]
    order = order[np.lexsort((ids[order], age[order], account[order]))]
    rank = np.arange(len(order)) - np.searchsorted(account[order], account[order])
    order = order[rank < MOST]
    return Ids(account[order], ids[order], minute[order])
