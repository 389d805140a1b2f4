"""A case: one event before the court, with what is known of who is behind the account."""

from typing import NamedTuple

from kyc.assessed import SCORE_UNITS
from kyc.known import Known
from kyc.stepup import Asking
from schemas.decisions import Requirement


class Case(NamedTuple):
    """One event before the court: which row saw what, when, and whether anything may come of it.

    kyc_score, asking: what the account's last event said of its identity; clock: the account's,
    ms, by which actions lapse; ts: the event's own; open: False where nothing stands and the
    score calls for nothing.
    """

    sight: int
    partition: int
    account: int
    name: str
    event_id: str
    kyc_score: float
    asking: Asking
    clock: int
    ts: int
    score: float
    open: bool
    tier: int

    @property
    def wanted(self) -> Requirement | None:
        """The proof of identity that the account is asked for."""
        return self.asking.at(self.clock)


def identity(known: Known, account: int) -> tuple[float, Asking]:
    """The score of an account's identity, 0 where nothing was told, and what is asked of it."""
    asking = Asking(*(int(column[account]) for column in known.asking))
    return int(known.kyc_score[account]) / SCORE_UNITS, asking
