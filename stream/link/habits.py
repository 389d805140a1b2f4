"""Habits: with which of its uses an established account vouches for others.

Whatever established accounts share is usual, unless they were all made to do it just now: stolen
ones, or ones that waited for their day. So no account vouches with news of its own. Most news are
innocent, though: an update brings a whole clientele another program and system prompt. What tells
the two apart is that no update brings everybody the same questions, and that who updates stays
where they are.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from stream.link.hands import CLIENTS, DAY_MS, PLACES
from stream.link.kinds import KIND
from stream.link.surprise import Ints, Mask

# What an account shows on the first day that it is met it did before, for all that is known.
MET_MS: Final = DAY_MS
HABIT_MS: Final = 14 * DAY_MS  # what it took up later is a habit of its own after so long
_TEXTS: Final = (KIND["template"], KIND["prompt_neighbourhood"])


def vouching(account: Ints, kind: NDArray[np.uint8], since: Ints, first: Ints, clock: int) -> Mask:
    """Which uses vouch: of each use its account, its value's kind, and since when, ms; `first`: of
    each account, when it was met."""
    news = (since > first[account] + MET_MS) & (since > clock - HABIT_MS)
    moved = _moved(account, kind, news, len(first))
    vouch: Mask = ~(news & (np.isin(kind, _TEXTS) | moved[account]))
    return vouch


def _moved(account: Ints, kind: NDArray[np.uint8], news: Mask, accounts: int) -> Mask:
    """Which accounts took up another place, and another client as well."""

    def some(uses: Mask) -> Mask:
        found = np.zeros(accounts, bool)
        found[account[uses]] = True
        return found

    elsewhere = np.zeros(accounts, bool)
    for place in reversed(PLACES):  # the first that is known decides
        elsewhere = np.where(some(kind == place), some((kind == place) & news), elsewhere)
    moved: Mask = elsewhere & some(np.isin(kind, CLIENTS) & news)
    return moved
