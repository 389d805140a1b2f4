"""What the main path asks of whoever decides."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kyc.known import Known
from stream.decide.charter import NO_CHARTER, Charter
from stream.decide.court import Verdict
from stream.decide.statute import Floor
from stream.decode.batch import RequestBatch
from stream.link.notice import NO_NOTICES, Notices
from stream.remember.windows import Sight


class Judge(Protocol):
    """Scores and verdicts; one batch has one judge from beginning to end."""

    def score(
        self, rows: NDArray[np.float32], batch: RequestBatch, sight: Sight, /
    ) -> NDArray[np.float64]:
        """Scores 0-1 of feature rows[n, features], which are those of `sight`."""

    def conduct(
        self, rows: NDArray[np.float32], batch: RequestBatch, sight: Sight, /
    ) -> NDArray[np.float64]:
        """The same scores, as if nothing but conduct were known."""

    def judge(
        self,
        header: NDArray[np.void],
        batch: RequestBatch,
        sight: Sight,
        rows: NDArray[np.float32],
        scores: NDArray[np.float64],
        floors: Sequence[Floor | None],
        known: Known,
        charter: Charter = NO_CHARTER,
        notices: Notices = NO_NOTICES,
    ) -> list[Verdict]:
        """Verdicts in order of arrival; the standings in `header` move on with them.

        floors: of each account, what a campaign decided about it; known: who it is; charter: what
        stands above all that; notices: what accounts share. While more proof is asked of an
        account, nothing weaker is decided: that decision stands. While it is pinned, nothing else
        is told.
        """

    def review(
        self,
        batch: RequestBatch,
        sight: Sight,
        rows: NDArray[np.float32],
        scores: NDArray[np.float64],
        known: Known,
        /,
    ) -> None:
        """Learn from a batch that is decided and written, in no decision's way."""
