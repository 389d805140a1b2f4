"""Sawtooth windows: where an event lies as time goes by, in hops that grow with its age.

A window of length w covers from the hop that contains `clock - w` to the clock, so it is exact
to one hop (Chronon's sawtooth). Hops nest, so one tile serves every window that is long enough:
an event lies in the tile of the shortest window that still covers it, and moves to a coarser
tile when it leaves that window. What is kept is thus a function of the events and the clock
alone, whatever the batches were.

Times are ticks of 5 seconds since the epoch. A tile's place is its slot: 16 times its level plus
its distance from the clock in hops (at most 12), which fits a byte.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

TICK_MS = 5_000
MINUTE, HOUR, DAY = 12, 720, 17_280  # ticks
SLOTS_PER_LEVEL = 16


@dataclass(frozen=True)
class Calendar:
    """Windows from short to long; each hop divides the next."""

    names: tuple[str, ...]
    windows: tuple[int, ...]
    hops: tuple[int, ...]

    def bounds(self, clock: Ints) -> Ints:
        """First tick that each window covers at `clock` ticks[n]; shape (n, windows)."""
        hops = np.array(self.hops)
        tails: Ints = (clock[:, None] - np.array(self.windows)) // hops * hops
        return tails

    def slots(self, start: Ints, account: Ints, clock: Ints) -> Ints:
        """Slot of each tick at the clock of its account; -1 where no window covers it any more.

        start[n] in ticks; account[n] indexes clock[accounts], in ticks.
        """
        bounds = self.bounds(clock)
        level = np.zeros(len(start), np.int64)
        for w in range(len(self.windows)):
            level += start < bounds[account, w]
        covered = level < len(self.hops)
        hop = np.array(self.hops)[np.where(covered, level, 0)]
        distance = clock[account] // hop - start // hop
        return np.where(covered, level * SLOTS_PER_LEVEL + distance, -1)

    def starts(self, slot: Ints, clock: Ints) -> Ints:
        """First tick of the tile in each slot at its account's clock."""
        hop = np.array(self.hops)[slot // SLOTS_PER_LEVEL]
        start: Ints = (clock // hop - slot % SLOTS_PER_LEVEL) * hop
        return start


# About a twelfth of the window up to 24 h; days and triples of days beyond, so that both calendars
# agree on what "7d" covers and an account of 26 requests a day keeps about 30 tiles, not 38.
FINE = Calendar(
    names=("1m", "10m", "1h", "6h", "24h", "7d", "30d"),
    windows=(MINUTE, 10 * MINUTE, HOUR, 6 * HOUR, DAY, 7 * DAY, 30 * DAY),
    hops=(1, MINUTE, 5 * MINUTE, HOUR // 2, 2 * HOUR, DAY, 3 * DAY),
)
DAILY = Calendar(names=("1d", "7d"), windows=(DAY, 7 * DAY), hops=(DAY, DAY))
