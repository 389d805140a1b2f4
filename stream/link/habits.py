"""Habits: with which of its uses an established account vouches for others.

Whatever established accounts share is usual, unless they were all made to do it just now: stolen
ones, or ones that waited for their day. So no account vouches with news of its own. Most news are
innocent, though: an update brings a whole clientele another program and system prompt. What tells
the two apart is that no update brings everybody the same questions, and that who updates stays
where they are. What accounts took up that moved is told of them, too: see portrait.py.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream.link.hands import CLIENTS, DAY_MS, PLACES
from stream.link.kinds import KIND
from stream.link.surprise import Ints, Mask

# What an account shows on the first day that it is met it did before, for all that is known.
MET_MS: Final = DAY_MS
HABIT_MS: Final = 14 * DAY_MS  # what it took up later is a habit of its own after so long
_TEXTS: Final = (KIND["template"], KIND["prompt_neighbourhood"])


class Habits(NamedTuple):
    """Of each use, whether its account vouches with it, and whether it took it up and moved."""

    vouching: Mask
    anew: Mask


def weighed(account: Ints, kind: NDArray[np.uint8], since: Ints, first: Ints, clock: int) -> Habits:
    """The habits in uses: of each its account, its value's kind, and since when, ms; `first`: of
    each account, when it was met."""
    news = (since > first[account] + MET_MS) & (since > clock - HABIT_MS)
    anew = news & _moved(account, kind, news, len(first))[account]
    return Habits(~(anew | (news & np.isin(kind, _TEXTS))), anew)


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
