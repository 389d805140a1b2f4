"""Belonging: who of a ring that a search has found only seems to be of it."""

from typing import Final, NamedTuple

import numpy as np
from scipy.special import bdtr

from stream.link.population import SHARERS, Population, counted
from stream.link.surprise import Ints, Mask

APART_BY: Final = 1.5  # standard deviations of the established accounts
OLDER_BY: Final = 1.5  # spreads of the middle half above it: Tukey's fence
WEEK_MS: Final = 7 * 86_400_000
TIED: Final = 2  # families of values: one alone may be a popular tool
OWN_SHARE: Final = 0.5
LEAST_SHOWN: Final = 0.25  # of what the middle member shows
PLAIN: Final = 0.3  # of the middle member's shared values are the ring's own
BY_CHANCE: Final = 0.01  # how likely that a value only seems to be a group's own


class Ties(NamedTuple):
    """Of each of a ring's members: by how many families of values it is tied; whether it may be
    one at all.

    A large ring has thousands of values of its own, and somebody honest comes across some of them.
    So who shows much less of them than the middle member does, for all that it shares, is not
    tied; and is none of a ring whose members plainly share little else.
    """

    families: Ints
    possible: Mask


def likely(population: Population, ring: Ints) -> Ints:
    """The members of a ring without those who only seem to belong to it.

    Behaviour is never quite alike by chance alone: somebody honest may work at the same pace on
    the same things. Who shows less than two kinds of the ring's other values, and acts much less
    strangely than its members do, is let go.
    """
    families, possible = ties(population, ring)
    ring, tied = ring[possible], families[possible] >= TIED
    while len(ring):
        kept = tied | (_as_strange(population, ring) & _as_young(population, ring))
        if kept.all():
            break
        ring, tied = ring[kept], tied[kept]
    return ring


def _as_strange(p: Population, ring: Ints) -> Mask:
    conduct = p.conduct[ring]
    strange: Mask = conduct >= conduct.mean() - APART_BY
    return strange


def _as_young(p: Population, ring: Ints) -> Mask:
    age = p.clock - p.begun[ring]
    low, high = np.quantile(age, (0.25, 0.75))
    young: Mask = age <= high + max(OLDER_BY * (high - low), WEEK_MS)
    return young


def ties(p: Population, ring: Ints) -> Ties:
    """How a ring's members are tied to it: by values that are surprising, not circumstantial, and
    whose users are a good part of the ring."""
    uses = p.tying.of(ring)
    inside = np.bincount(uses.value, minlength=len(uses.kind))
    part = len(ring) / len(p.proven)
    own = (inside >= SHARERS) & is_own(inside, p.sharing.accounts, part, OWN_SHARE)
    shown = uses.take(own[uses.value])
    families = counted(shown.account, p.families[shown.value], len(p.proven))[ring]
    share = np.bincount(shown.account, minlength=len(p.proven))[ring] / p.showing[ring]
    middle = float(np.median(share))
    close = share >= LEAST_SHOWN * middle
    return Ties(np.where(close, families, 0), close | (middle < PLAIN))


def is_own(inside: Ints, users: Ints, part: float, share: float) -> Mask:
    """Whether a value is a group's own, that `inside` members and so many `users` at all know.

    It is where members are this `share` of the users, counted as if the group were a small `part`
    of the accounts: of one that is most of them, everybody's values are mostly used by members,
    and the few who use a rare one are all members by chance, which is to be ruled out.
    """
    others = users - inside
    own: Mask = others <= (1.0 - share) * (1.0 - part) * users
    own[own] = bdtr(others[own], users[own], 1.0 - part) <= BY_CHANCE
    return own
