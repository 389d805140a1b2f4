"""When requests come: sessions by hour and habit, turns within a session, tries after failures."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulate.chance import Keys, Lane, geometric, mix, poisson, uniform, weibull
from simulate.rates import expected
from simulate.roster import Roster
from simulate.world import HOUR_MS

Ints = NDArray[np.int64]

# A longer conversation than this is an agent's loop cut off by its client.
_MOST_TURNS = 200
# Nobody answers a turn later than this within one conversation.
_LONGEST_GAP_MS = 6 * HOUR_MS
_TRIES = 4


@dataclass(frozen=True, slots=True)
class Arrivals:
    """n requests in time order: whose, when, and which turn and try of which session."""

    account: Ints  # int64[n] index into the roster
    ts: Ints  # int64[n] ms
    session: Keys  # uint64[n]
    turn: Ints  # int64[n] from 0
    origin: Keys  # uint64[n] the same for every try of one request: what was asked
    key: Keys  # uint64[n] unique: how it went
    status: Ints  # int64[n]

    def __len__(self) -> int:
        return len(self.ts)

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> "Arrivals":
        return Arrivals(*(getattr(self, name)[rows] for name in self.__slots__))


def _joined(parts: list[Arrivals]) -> Arrivals:
    return Arrivals(
        *(np.concatenate([getattr(p, name) for p in parts]) for name in Arrivals.__slots__)
    )


class Clock:
    """Hour after hour, the requests of everybody in the roster, in time order.

    Holds one number per account (the phase of its clockwork) and the requests that a session
    begun earlier carries past the hour.
    """

    def __init__(self, roster: Roster) -> None:
        self.roster = roster
        self.phase = uniform(roster.key, Lane.COUNT)
        self.carried: list[Arrivals] = []

    def hours(self, start: int, end: int) -> Iterator[Arrivals]:
        """One `Arrivals` per hour of [start, end); requests past `end` are left out."""
        for begin in range(start, end, HOUR_MS):
            until = min(begin + HOUR_MS, end)
            made = _joined([*self.carried, self._made(begin)])
            now = made.ts < until
            self.carried = [made.take(~now)]
            due = made.take(now)
            yield due.take(np.lexsort((due.key, due.ts)))

    def _made(self, begin: int) -> Arrivals:
        account, session, start = self._sessions(begin)
        return self._retried(self._turns(account, session, start))

    def _sessions(self, begin: int) -> tuple[Ints, Keys, Ints]:
        rate, even = expected(self.roster, begin), self.roster.habits["even"]
        self.phase += rate * even
        clockwork = np.floor(self.phase)
        self.phase -= clockwork
        hour = mix(self.roster.key, begin // HOUR_MS)
        count = poisson(hour, Lane.DAY, rate * (1.0 - even)) + clockwork.astype(np.int64)
        account = np.repeat(np.arange(len(count)), count)
        nth = np.arange(len(account)) - np.repeat(np.cumsum(count) - count, count)
        session = mix(hour[account], nth.astype(np.uint64))
        # Clockwork spreads over the hour; chance falls anywhere in it.
        spread = (nth + uniform(session, Lane.START)) / count[account]
        loose = uniform(session, Lane.START)
        at = np.where(uniform(session, Lane.GAP) < even[account], spread, loose)
        return account, session, begin + (at * HOUR_MS).astype(np.int64)

    def _turns(self, account: Ints, session: Keys, start: Ints) -> Arrivals:
        h = self.roster.habits
        turns = np.minimum(geometric(session, Lane.TURNS, h["turns"][account]), _MOST_TURNS)
        row = np.repeat(np.arange(len(turns)), turns)
        turn = np.arange(len(row)) - np.repeat(np.cumsum(turns) - turns, turns)
        origin = mix(session[row], turn.astype(np.uint64))
        gap = weibull(origin, Lane.GAP, h["gap_shape"][account[row]])
        gap = np.minimum(gap * h["gap_s"][account[row]] * 1000.0 + 1.0, _LONGEST_GAP_MS)
        gap[turn == 0] = 0.0
        elapsed = np.cumsum(gap)
        first = np.flatnonzero(turn == 0)
        since = elapsed - elapsed[first][row] if len(row) else elapsed
        ts = start[row] + since.astype(np.int64)
        owner = account[row]
        made = Arrivals(owner, ts, session[row], turn, origin, origin, self._status(owner, origin))
        return made.take((ts >= self.roster.first[owner]) & (ts < self.roster.last[owner]))

    def _status(self, account: Ints, key: Keys) -> Ints:
        h = self.roster.habits
        u = uniform(key, Lane.STATUS)
        errors = h["errors"][account]
        throttled = errors + h["throttled"][account]
        invalid = throttled + h["invalid"][account]
        failure = np.where(u < errors, 500 + 29 * (u < errors * 0.4), 400)
        failure = np.where((u >= errors) & (u < throttled), 429, failure)
        return np.where(u < invalid, failure, 200)

    def _retried(self, made: Arrivals) -> Arrivals:
        """With every failure tried again, up to four times, each after twice the wait."""
        parts, last = [made], made
        for attempt in range(1, _TRIES + 1):
            failed = last.take((last.status != 200) & (last.status != 400))
            share = self.roster.habits["retry"][failed.account]
            failed = failed.take(uniform(failed.key, Lane.RETRY) < share)
            key = mix(failed.origin, Lane.RETRY * 1000 + attempt)
            wait = (uniform(key, Lane.BACKOFF) + 0.5) * 1000.0 * 2.0**attempt
            last = Arrivals(
                failed.account,
                failed.ts + wait.astype(np.int64),
                failed.session,
                failed.turn,
                failed.origin,
                key,
                self._status(failed.account, key),
            )
            parts.append(last)
        return _joined(parts)
