"""A case: one event before the court, with what is known of who is behind the account."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kyc.stepup import Asking
from schemas.decisions import Requirement
from stream.decide.matter import Matter


class Case(NamedTuple):
    """One event before the court: which row saw what, when, and whether anything may come of it.

    shared: what the account shares with whom, in words; kyc_score, asking: what the account's
    last event said of its identity; clock: the account's, ms, by which actions lapse; ts: the
    event's own; own: what of the score actions go by, see stream/decide/sparing.py; open: False
    where nothing stands and the score calls for nothing.
    """

    sight: int
    partition: int
    account: int
    name: str
    event_id: str
    shared: str | None
    kyc_score: float
    asking: Asking
    clock: int
    ts: int
    score: float
    own: float
    open: bool
    tier: int

    @property
    def wanted(self) -> Requirement | None:
        """The proof of identity that the account is asked for."""
        return self.asking.at(self.clock)


def cases(
    matter: Matter,
    scores: NDArray[np.float64],
    own: NDArray[np.float64],
    opened: NDArray[np.bool_],
    tier: NDArray[np.int64],
    *,
    every: bool,
) -> Iterator[Case]:
    """The events to look at, in order of arrival: those that are `opened`; with `every`, the
    others as well. scores, own, opened, tier: of each event."""
    batch, sight = matter.batch, matter.sight
    order = np.argsort(sight.row)
    order = order if every else order[opened[order]]
    row = sight.row[order]
    columns = (
        order,
        batch.partition[row],
        sight.account[order],
        row,
        sight.clock[order],
        batch.ts[row],
        scores[order],
        own[order],
        opened[order],
        tier[order],
    )
    for i, part, account, r, *rest in zip(*(c.tolist() for c in columns), strict=True):
        name, event = batch.accounts[account], batch.event_id[r]
        who, shares = matter.identity(account, r), matter.notices.text(account)
        yield Case(i, part, account, name, event, shares, *who, *rest)
