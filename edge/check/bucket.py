"""A bucket in this process: the counting of edge/check/spend.lua, for one quota."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

# 100 bytes each: however many accounts ask, memory stays within some 10 MiB.
MOST_ACCOUNTS: Final = 100_000


@dataclass(slots=True)
class Bucket:
    """`quota` units in any `window_ms`. `debt` is in units times milliseconds of the window."""

    quota: int
    window_ms: int
    debt: int = 0
    at: int = 0

    def take(self, now_ms: int, cost: int = 1) -> int:
        """Take `cost` units, or nothing: 0 when granted, else the ms until it would be."""
        self.debt = max(0, self.debt - max(0, now_ms - self.at) * self.quota)
        self.at = now_ms
        over = self.debt + (cost - self.quota) * self.window_ms
        if over > 0:
            return -(-over // self.quota)
        self.debt += cost * self.window_ms
        return 0


class Buckets:
    """A bucket per account, of those that asked last."""

    def __init__(self, quota: int, window_ms: int, most: int = MOST_ACCOUNTS) -> None:
        self._quota = quota
        self._window_ms = window_ms
        self._most = most
        self._held: OrderedDict[str, Bucket] = OrderedDict()

    def take(self, account: str, now_ms: int) -> int:
        """As Bucket.take, of one unit from the account's bucket."""
        bucket = self._held.get(account)
        if bucket is None:
            bucket = self._held[account] = Bucket(self._quota, self._window_ms)
        self._held.move_to_end(account)
        if len(self._held) > self._most:
            self._held.popitem(last=False)
        return bucket.take(now_ms)
