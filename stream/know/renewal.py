"""Renewal: an account that makes requests keeps its profile, though it tells nothing new."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from stream.know.profiles import Profiles
from stream.remember.calendar import Ints
from stream.remember.packing import UNKNOWN, State

MONTH_MS: Final = 30 * 86_400_000


def lasting(accounts: Sequence[str], profiles: Profiles, before: State, after: State) -> list[str]:
    """Accounts with a profile whose life of requests has begun, or begun another month."""
    due = np.flatnonzero(_months(before) < _months(after)).tolist()
    return [accounts[account] for account in due if account in profiles]


def _months(state: State) -> Ints:
    clock, first = state.header["clock"], state.header["first"]
    return np.where(clock == UNKNOWN, UNKNOWN, (clock - first) // MONTH_MS)
