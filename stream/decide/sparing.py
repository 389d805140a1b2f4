"""Sparing: what an account shares takes no action about it by the score of its requests alone.

The bars are what established accounts reach, and these share next to nothing that surprises: by
what surprises is defined. Newcomers to one hall, course or product do, so that their scores are
no draws from the same distribution, and the budget would not be kept among them. What accounts
share is for the linker to weigh, over all who share it: campaigns answer it.
"""

import numpy as np
from numpy.typing import NDArray

from scorers.model import Model
from stream.rows import Rows, linked, unlinked


def spared(
    model: Model, rows: Rows, scores: NDArray[np.float64], opened: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """What of the scores of `rows` actions go by: no more than without what is shared.

    opened: which of them anything may come of; the others are left as they are.
    """
    at = np.flatnonzero(opened)
    at = at[linked(rows[at])]
    if not len(at):
        return scores
    own = scores.copy()
    own[at] = np.minimum(own[at], model.score(unlinked(rows[at])))
    return own
