"""Remember: a batch of events into the state of its accounts, and what each event then saw.

docs/features.md is the contract that this module keeps: an account's clock is the latest event
time that it has seen; an event older than GRACE_MS is late and not counted; the same id again is
counted once; features are taken at the clock, the event itself included.
"""

from dataclasses import dataclass, fields
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from stream.decode.batch import RequestBatch
from stream.remember import measures, recency, repeats
from stream.remember.calendar import DAILY, FINE, TICK_MS, Ints
from stream.remember.packing import UNKNOWN, State
from stream.remember.repeats import GRACE_MS, ID_BITS, MINUTE_MS, Ids
from stream.remember.tiles import Timeline, merge, window_sums

_ACCOUNT_MS = 1 << 44  # above any millisecond that an event may carry (year 2200: below 2**43)


class Outcome(IntEnum):
    """What became of one event of a batch."""

    COUNTED = 0
    REPLAYED = 1  # the state already holds its offset: a crash came before the commit
    REPEATED = 2  # the same event id again
    LATE = 3  # older than the account's clock by more than the grace period


@dataclass(frozen=True, slots=True)
class Sight:
    """What each counted event saw, by account and within it in order of arrival; n rows.

    row: index into the batch; account: index of the account; clock, first: ms; before: the clock
    ahead of the event, -1 at the account's first; requests, tokens: of the account so far, itself
    included; fine (n, 7, 4), daily (n, 2, 35): sums over windows; distinct (n, kinds, 3):
    different values over windows.
    """

    row: Ints
    account: Ints
    clock: Ints
    first: Ints
    before: Ints
    requests: Ints
    tokens: Ints
    fine: Ints
    daily: Ints
    distinct: Ints

    def take(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> "Sight":
        """What some of the events saw: those of a mask, or at these places."""
        return Sight(*(getattr(self, field.name)[rows] for field in fields(self)))


@dataclass(frozen=True, slots=True)
class Remembered:
    """The new state, which accounts changed, each event's outcome, and what the counted saw."""

    state: State
    changed: NDArray[np.intp]
    outcome: NDArray[np.int8]
    sight: Sight


def remember(state: State, batch: RequestBatch, epoch: int) -> Remembered:
    """Fold `batch` into `state`, whose rows are `batch.accounts`.

    epoch: see Settings.stream_epoch; with partition and offset it is the fence.
    """
    outcome = np.full(len(batch.ts), Outcome.COUNTED, np.int8)
    outcome[batch.offset <= held_offsets(state, batch, epoch)] = Outcome.REPLAYED
    fresh = np.flatnonzero(outcome == Outcome.COUNTED)
    fresh = fresh[np.argsort(batch.account[fresh], kind="stable")]
    account, ts = batch.account[fresh], batch.ts[fresh]
    before, clock = _clocks(state.header["clock"], account, ts)
    used = Ids(account, _event_ids(batch)[fresh], ts // MINUTE_MS)
    outcome[fresh[ts < before - GRACE_MS]] = Outcome.LATE
    outcome[fresh[repeats.repeated(state.ids, used, before)]] = Outcome.REPEATED
    counted = outcome[fresh] == Outcome.COUNTED
    header = _advance(state.header, batch, fresh, counted, epoch)
    new, sight = _fold(
        State(
            header,
            state.fine,
            state.daily,
            state.recent,
            repeats.renew(state.ids, used, header["clock"]),
        ),
        state.header,
        batch.take(fresh[counted]),
        fresh[counted],
        before[counted],
        clock[counted],
    )
    return Remembered(new, np.unique(account), outcome, sight)


def held_offsets(state: State, batch: RequestBatch, epoch: int) -> Ints:
    """Per event, the last offset of its partition that its account's state holds, or -1."""
    header = state.header[batch.account]
    here = (header["epoch"] == epoch) & (header["partition"] == batch.partition)
    return np.where(here, header["offset"], UNKNOWN)


def _event_ids(batch: RequestBatch) -> Ints:
    return (batch.event & np.uint64((1 << ID_BITS) - 1)).astype(np.int64)


def _begins(account: Ints) -> Ints:
    """Row of each one's account's first; `account` is sorted."""
    rows: Ints = np.searchsorted(account, account)
    return rows


def _clocks(held: Ints, account: Ints, ts: Ints) -> tuple[Ints, Ints]:
    """The account's clock ahead of each event, and after it; `account` is sorted."""
    latest = np.maximum.accumulate(account * _ACCOUNT_MS + ts) - account * _ACCOUNT_MS
    after = np.maximum(latest, held[account])
    before = np.where(_begins(account) == np.arange(len(account)), held[account], np.roll(after, 1))
    return before, after


def _advance(
    held: NDArray[np.void],
    batch: RequestBatch,
    fresh: NDArray[np.intp],
    counted: NDArray[np.bool_],
    epoch: int,
) -> NDArray[np.void]:
    """The headers after the batch: fence, clock and first event."""
    header = held.copy()
    account = batch.account[fresh]
    header["epoch"][account], header["partition"][account] = epoch, batch.partition[fresh]
    header["offset"][account] = batch.offset[fresh]  # rising, so the last one of each stays
    np.maximum.at(header["clock"], account, batch.ts[fresh])
    first = np.where(header["first"] == UNKNOWN, np.iinfo(np.int64).max, header["first"])
    np.minimum.at(first, account[counted], batch.ts[fresh][counted])
    header["first"] = np.where(first == np.iinfo(np.int64).max, UNKNOWN, first)
    new = account[counted]
    tokens = (batch.tokens_in + batch.tokens_out)[fresh][counted]
    np.add.at(header["requests"], new, np.uint64(1))
    np.add.at(header["tokens"], new, tokens.astype(np.uint64))
    return header


def _fold(
    state: State,
    held: NDArray[np.void],
    events: RequestBatch,
    row: Ints,
    before: Ints,
    clock: Ints,
) -> tuple[State, Sight]:
    """Tiles and recent values with `events` (sorted by account) in them, and what each saw."""
    account = events.account
    timeline = Timeline(account, _begins(account), events.ts // TICK_MS, clock // TICK_MS)
    fine, daily = measures.fine(events), measures.daily(events, before)
    kinds = (events.network, events.device, events.user_agent, events.template)
    used, use_row = recency.uses(
        timeline, [*kinds, events.model, events.system], events.ts // 3_600_000 % 24
    )
    sight = Sight(
        row,
        account,
        clock,
        _firsts(held["first"], account, events.ts),
        before,
        _so_far(held["requests"], account, np.ones(len(row), np.int64)),
        _so_far(held["tokens"], account, events.tokens_in + events.tokens_out),
        window_sums(FINE, state.fine, timeline, fine),
        window_sums(DAILY, state.daily, timeline, daily),
        recency.distinct(state.recent, used, use_row, timeline),
    )
    now = state.header["clock"] // TICK_MS
    new = State(
        state.header,
        merge(FINE, state.fine, timeline, fine, now),
        merge(DAILY, state.daily, timeline, daily, now),
        recency.renew(state.recent, used, now),
        state.ids,
    )
    return new, sight


def _so_far(held: Ints, account: Ints, added: Ints) -> Ints:
    """What each account had with all that was added up to each event; `account` is sorted."""
    total = np.cumsum(added)
    ahead = (total - added)[_begins(account)]
    return held[account].astype(np.int64) + total - ahead


def _firsts(held: Ints, account: Ints, ts: Ints) -> Ints:
    """The earliest event time of the account as of each event; `account` is sorted."""
    backwards = _ACCOUNT_MS - 1 - ts
    earliest = np.maximum.accumulate(account * _ACCOUNT_MS + backwards) - account * _ACCOUNT_MS
    earliest = _ACCOUNT_MS - 1 - earliest
    return np.where(held[account] == UNKNOWN, earliest, np.minimum(earliest, held[account]))
