"""Signals of rushes: more sign-ups within a day than their share of all sign-ups leads to expect.

A farm signs up in lots: by one domain, through one network's operator, from one link. So do a
class, a firm and a launch; how much honest people do it in a stream, the bar of asking knows.
"""

import math
from typing import Final

from kyc.claims import MOST_IN_BURSTS
from kyc.evidence import Evidence
from kyc.signals.registry import Appeal, Direction, signal

_RAISES: Final = Direction.RAISES
_COUPLE: Final = 2
_MOST_SURPRISING: Final = 9.0  # beyond one in a billion a chance is none
_NOISE: Final = 1e-6
_TERMS: Final = 10
# One of so many before the stream has told: what was never seen is rare, not impossible.
_SEEN_BEFORE: Final = 1.0, 20.0


@signal(_RAISES, Appeal.SHARED)
def signups_domain_burst(seen: Evidence) -> float | None:
    """How surprising it is that so many signed up within a day with mailboxes of its domain, where
    not everybody can have one: powers of ten"""
    return _surprise(seen, "site")


@signal(_RAISES, Appeal.NETWORK)
def signups_system_burst(seen: Evidence) -> float | None:
    """How surprising it is that so many signed up within a day through its network's operator:
    powers of ten"""
    return _surprise(seen, "system")


@signal(_RAISES, Appeal.SHARED)
def signups_referrer_burst(seen: Evidence) -> float | None:
    """How surprising it is that so many signed up within a day from where it was referred: powers
    of ten"""
    return _surprise(seen, "referrer")


def _surprise(seen: Evidence, kind: str) -> float | None:
    names = (f"{kind}_24h", f"{kind}_90d", "signup_24h", "signup_90d")
    counts = [seen.shared.get(name) for name in names]
    if None in counts:
        return None
    today, ever, all_today, all_ever = (float(count or 0) for count in counts)
    if today <= _COUPLE or ever >= MOST_IN_BURSTS:  # of a crowd only the last ones are counted
        return 0.0
    once, among = _SEEN_BEFORE
    usual = min((ever - today + once) / (all_ever - all_today + among), 1.0)
    chance = _at_least(int(today) - 1, (all_today - 1) * usual)
    return min(-math.log10(max(chance, 10.0**-_MOST_SURPRISING)), _MOST_SURPRISING)


def _at_least(count: int, mean: float) -> float:
    """The chance of so many or more where `mean` are usual (Poisson)."""
    if mean <= 0.0:
        return 1.0
    below, exactly = 0.0, math.exp(-mean)
    for n in range(1, count + 1):
        below += exactly
        exactly *= mean / n
    if 1.0 - below > _NOISE:
        return 1.0 - below
    # Far out the difference of two numbers near one is noise: there the next terms tell.
    tail = 0.0
    for n in range(count + 1, count + _TERMS + 1):
        tail += exactly
        exactly *= mean / n
    return tail
