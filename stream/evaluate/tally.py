"""What a gateway would have let through: rulings applied to every request, per account, streaming.

Columns of one number per account, and a count per minute of the run: memory does not grow with
the events.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stream.evaluate.docket import Ruling
from stream.evaluate.exchanges import Exchanges

Ints = NDArray[np.int64]
NEVER = np.iinfo(np.int64).max
MINUTE_MS = 60_000
RESTRICT, RATE_LIMIT, STEP_UP, BLOCK = 1, 2, 3, 4
ACTIONS = 5
# Milliseconds of a run that fit below an account's number in one sort key: 139 years.
_TS_BITS = 42


class Tally:
    """Standing rulings and sums of `len(begins)` accounts in a run of `start` to `end`, ms.

    `begins`: from when on an account's exchanges count (0 for the honest). An exchange is a
    request that the gateway answered with 2xx; a request is prevented while its account is
    blocked or held until a proof is given (`step_up`: nobody here gives one), and under a rate
    limit when it is over that, by calendar minutes.
    """

    def __init__(self, begins: Ints, watched: NDArray[np.bool_], start: int, end: int) -> None:
        n = len(begins)
        self.begins = begins
        self.watched = watched  # whose exchanges are counted by the minute: the attack's
        self.start = start
        self.requests = np.zeros(n, np.int64)
        self.exchanges = np.zeros(n, np.int64)
        self.prevented = np.zeros((n, ACTIONS), np.int64)  # exchanges, by the action
        self.before = np.zeros((n, ACTIONS), np.int64)  # exchanges before an action so strong
        self.first = np.full((n, ACTIONS), NEVER)  # when an action so strong first stood
        self.minutes = np.zeros((end - start) // MINUTE_MS + 2, np.int64)
        self._standing = np.zeros(n, _RULING)
        self._minute = np.full(n, -1, np.int64)  # of the limits below
        self._used = np.zeros((n, 2), np.int64)  # requests and tokens let through in it

    def settle(self, exchanges: Exchanges, rulings: Sequence[Ruling]) -> None:
        """Count a stretch of requests, by time, and the rulings that were made in it.

        A ruling holds for what its account does after its `ts`: the request that brought it
        about is already through. The one told last holds, as in a store: never from before
        another that was told earlier.
        """
        held = np.array(rulings, _RULING)
        held = held[np.argsort(held["account"], kind="stable")]
        held["ts"] = self._ts(np.maximum.accumulate(self._key(held["account"], held["ts"])))
        self._meet(held)
        np.add.at(self.requests, exchanges.account, 1)
        counted = exchanges.only(
            exchanges.succeeded & (exchanges.ts >= self.begins[exchanges.account])
        )
        self._count(counted, self._standing_at(counted, held))
        self._standing[held["account"]] = held

    def _key(self, account: Ints, ts: Ints) -> Ints:
        # All that was before the run (older sign-ups) is a millisecond before its start.
        return (account.astype(np.int64) << _TS_BITS) + np.maximum(ts - self.start, -1) + 1

    def _ts(self, key: Ints) -> Ints:
        return (key & ((1 << _TS_BITS) - 1)) - 1 + self.start

    def _meet(self, held: NDArray[np.void]) -> None:
        """Note when each account first met each action; what lapsed before the abuse is none."""
        account = held["account"]
        real = held["expires_at"] > self.begins[account]
        when = np.maximum(held["ts"], self.begins[account])
        for action in range(RESTRICT, ACTIONS):
            met = real & (held["action"] >= action)
            np.minimum.at(self.first[:, action], account[met], when[met])

    def _standing_at(self, asked: Exchanges, held: NDArray[np.void]) -> NDArray[np.void]:
        """The ruling over each exchange; the standing one where none was made before it."""
        standing = self._standing[asked.account]
        if len(held):
            keys = self._key(held["account"], held["ts"])
            at = np.searchsorted(keys, self._key(asked.account, asked.ts)) - 1
            own = (at >= 0) & (held["account"][at] == asked.account)
            standing[own] = held[at[own]]
        return standing

    def _count(self, asked: Exchanges, standing: NDArray[np.void]) -> None:
        action = np.where(asked.ts < standing["expires_at"], standing["action"], 0)
        prevented = action >= STEP_UP
        for row in np.flatnonzero(action == RATE_LIMIT).tolist():
            prevented[row] = self._is_over(asked, row, standing[row])
        np.add.at(self.exchanges, asked.account, 1)
        np.add.at(self.prevented, (asked.account[prevented], action[prevented]), 1)
        for stage in range(RESTRICT, ACTIONS):
            early = asked.ts <= self.first[asked.account, stage]
            np.add.at(self.before, (asked.account[early], stage), 1)
        watched = asked.ts[self.watched[asked.account]]
        np.add.at(self.minutes, (watched - self.start) // MINUTE_MS, 1)

    def _is_over(self, asked: Exchanges, row: int, ruling: np.void) -> bool:
        account, minute = asked.account[row], asked.ts[row] // MINUTE_MS
        if minute != self._minute[account]:
            self._minute[account], self._used[account] = minute, 0
        requests, tokens = self._used[account]
        most, most_tokens = ruling["requests_per_minute"], ruling["tokens_per_minute"]
        if 0 <= most <= requests or 0 <= most_tokens <= tokens:
            return True
        self._used[account] += (1, asked.tokens[row])
        return False

    def exchanges_until(self, ts: int) -> int:
        """The watched accounts' exchanges up to the minute of `ts`."""
        return int(self.minutes[: max(0, ts - self.start) // MINUTE_MS + 1].sum())


_RULING = np.dtype([(name, np.int64) for name in Ruling._fields])
