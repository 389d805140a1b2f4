"""Activity: how many accounts and requests there are, by hour of event time.

An account counts in the hour of its first request of a day, so that hours add up to days, and
what is new follows from its own clock: a chunk that comes again after a crash counts nothing twice.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np

from stream.remember.windows import Sight

HOUR_MS: Final = 3_600_000
DAY_HOURS: Final = 24
DAY_MS: Final = DAY_HOURS * HOUR_MS


class Active(NamedTuple):
    """Accounts that made their first request of the day, and requests."""

    accounts: int
    requests: int


NOBODY: Final = Active(0, 0)
Activity = Mapping[int, Active]
"""By hour since the epoch."""


def activity(sight: Sight) -> Activity:
    """What the counted events of a batch add to each hour."""
    hour, place = np.unique(sight.clock // HOUR_MS, return_inverse=True)
    fresh = sight.before // DAY_MS < sight.clock // DAY_MS
    accounts = np.bincount(place, fresh, len(hour)).astype(np.int64)
    requests = np.bincount(place, minlength=len(hour))
    columns = (hour.tolist(), accounts.tolist(), requests.tolist())
    return {at: Active(*counts) for at, *counts in zip(*columns, strict=True)}


def added(one: Activity, other: Activity) -> dict[int, Active]:
    """Both together."""
    total = dict(one)
    for hour, (accounts, requests) in other.items():
        held = total.get(hour, NOBODY)
        total[hour] = Active(held.accounts + accounts, held.requests + requests)
    return total


def base(seen: Activity, hour: int) -> Active:
    """What a share is a share of: the day before, or the hours of this one if they hold more.

    Only hours that are over count: then it does not matter where a batch was cut.
    """
    today = hour - hour % DAY_HOURS
    days = (range(today - DAY_HOURS, today), range(today, hour))
    sums = [[seen.get(at, NOBODY) for at in day] for day in days]
    return Active(*(max(sum(one[i] for one in day) for day in sums) for i in (0, 1)))
