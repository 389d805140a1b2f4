"""What the main path asks of whoever decides."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from stream.decide.charter import NO_CHARTER, Charter
from stream.decide.court import Verdict
from stream.decide.matter import Matter


class Judge(Protocol):
    """Scores and verdicts; one batch has one judge from beginning to end."""

    def score(self, matter: Matter, /) -> NDArray[np.float64]:
        """Scores 0-1 of the events."""

    def conduct(self, matter: Matter, /) -> NDArray[np.float64]:
        """The same scores, as if nothing but conduct were known."""

    def judge(
        self,
        header: NDArray[np.void],
        matter: Matter,
        scores: NDArray[np.float64],
        charter: Charter = NO_CHARTER,
    ) -> list[Verdict]:
        """Verdicts in order of arrival; the standings in `header` move on with them.

        charter: what stands above the evidence. While more proof is asked of an account, nothing
        weaker is decided: that decision stands. While it is pinned, nothing else is told.
        """

    def review(self, matter: Matter, scores: NDArray[np.float64], /) -> None:
        """Learn from a batch that is decided and written, in no decision's way."""
