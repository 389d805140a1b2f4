"""What a rate limit per account makes of the same traffic, set as well as one can be."""

import math
from collections.abc import Iterable
from typing import Final

from stream.evaluate.baselines import Limit, Sight
from stream.evaluate.tuning import BUDGET, lowest_threshold

FEWEST: Final = 100  # honest accounts seen, before which there is nothing to set a limit by


class AccountLimit:
    """So many requests of one account in an hour, and so many in a day.

    `honest`: whom it should spare. It is set with hindsight, on the very traffic that it judges,
    as low as BUDGET of these allows: no limit that somebody sets beforehand does better.
    """

    def __init__(self, accounts: Iterable[str], honest: Iterable[str]) -> None:
        self._numbers = {account: n for n, account in enumerate(accounts)}
        self._honest = [self._numbers[account] for account in honest]
        self._limit = Limit((math.inf,) * len(Limit.kinds))

    def see(self, sight: Sight) -> None:
        """Count a request."""
        for _ in self._limit.see(self._numbers[sight.account_id], sight):
            raise AssertionError("nothing is over an infinite limit")

    def thresholds(self) -> tuple[float, ...] | None:
        """Requests an hour and a day from which an account is over it; None: too few seen yet."""
        hours = self._limit.peaks[0]
        seen = [number for number in self._honest if number in hours]
        if len(seen) < FEWEST:
            return None
        spared = int(len(seen) * BUDGET / len(Limit.kinds))
        return tuple(
            lowest_threshold([peaks[number] for number in seen], spared)
            for peaks in self._limit.peaks
        )

    def over(self, accounts: Iterable[str]) -> int:
        """How many of these accounts were ever over it."""
        thresholds = self.thresholds()
        if thresholds is None:
            return 0
        levels = tuple(zip(thresholds, self._limit.peaks, strict=True))
        numbers = [self._numbers[account] for account in accounts]
        return sum(any(peaks.get(n, 0) >= most for most, peaks in levels) for n in numbers)
