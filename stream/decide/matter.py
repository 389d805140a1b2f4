"""A matter: all that is before the court about a batch of events, once it is remembered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from kyc.assessed import SCORE_UNITS
from kyc.known import Known
from kyc.stepup import SILENT, Asking
from stream.decide.statute import Floor
from stream.decode.batch import RequestBatch
from stream.link.notice import Notices
from stream.remember.windows import Sight


@dataclass(frozen=True, slots=True)
class Matter:
    """The n events of a batch that count, of A accounts.

    sight: what each event saw; rows: its features, float32[n, features]; of each account, known:
    who it is; notices: what it shares; floors: what a campaign decided about it. askings: of
    accounts that are asked for more from a row of the batch on, that row and what for.
    """

    batch: RequestBatch
    sight: Sight
    rows: NDArray[np.float32]
    known: Known
    notices: Notices
    floors: Sequence[Floor | None]
    askings: Mapping[int, tuple[int, Asking]] = field(default_factory=dict)

    @property
    def tier(self) -> NDArray[np.int64]:
        """The tier of each event's account at its time, 0 to 3."""
        return self.known.tier(self.sight.account, self.sight.clock)

    def identity(self, account: int, row: int) -> tuple[float, Asking]:
        """The score of an account's identity, 0 where nothing was told, and what is asked of it at
        a row of the batch."""
        known = self.known
        since, asking = self.askings.get(account, (row + 1, SILENT))
        if row < since:
            asking = Asking(*(int(column[account]) for column in known.asking))
        return int(known.kyc_score[account]) / SCORE_UNITS, asking

    def take(self, events: NDArray[np.bool_] | NDArray[np.intp]) -> "Matter":
        """Some of the events, among the same accounts."""
        return replace(self, sight=self.sight.take(events), rows=self.rows[events])
