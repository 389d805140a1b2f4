"""Identity as columns of the model's rows: what profiles say of each event's account."""

import numpy as np
from numpy.typing import NDArray

from kyc.assessed import SCORE_UNITS
from kyc.known import DAY_MS, ESTABLISHED_AGE_MS, Known
from kyc.profile import NEVER
from stream.remember.windows import Sight


def identity_rows(known: Known, sight: Sight) -> NDArray[np.float32]:
    """float32[n, identity] in the order of IDENTITY_NAMES; NaN where nothing was told.

    Age counts up to the age from which an account is established: how old customers are beyond
    it is a provider's own.
    """
    account, clock = sight.account, sight.clock
    told = [
        np.minimum(known.age(account, clock), ESTABLISHED_AGE_MS) / DAY_MS,
        known.kyc_score[account] / SCORE_UNITS,
        known.tier(account, clock),
    ]
    rows = np.stack(told, axis=1).astype(np.float32)
    rows[known.begun[account] == NEVER] = np.nan
    return rows
