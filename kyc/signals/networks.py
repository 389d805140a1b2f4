"""Signals of where and how fast accounts sign up."""

import math
from typing import Final

from kyc.claims import MOST, MOST_OF_ALL
from kyc.evidence import Evidence
from kyc.marks import read
from kyc.signals.registry import Appeal, Direction, signal
from kyc.things import NETWORKS

_RAISES, _EITHER = Direction.RAISES, Direction.EITHER
_COUPLE: Final = 2
_WINDOWS: Final = tuple((f"client_{window}", f"signup_{window}") for window in ("90d", "24h", "1h"))
_MOST_SURPRISING: Final = 9.0  # beyond one in a billion a chance is none


def _is_network(seen: Evidence, kind: str) -> bool | None:
    """One of the marks that a sign-up's address left, two bits each."""
    marks = seen.told("kinds")
    return None if marks is None else read(int(marks) >> 2 * NETWORKS.index(kind) & 3)


@signal(_EITHER, Appeal.NETWORK)
def signup_datacentre(seen: Evidence) -> bool | None:
    """Whether the sign-up came from a network of rented servers"""
    return _is_network(seen, "datacentre")


@signal(_EITHER, Appeal.NETWORK)
def signup_vpn(seen: Evidence) -> bool | None:
    """Whether the sign-up came from a commercial VPN"""
    return _is_network(seen, "vpn")


@signal(_RAISES, Appeal.NETWORK)
def signup_tor(seen: Evidence) -> bool | None:
    """Whether the sign-up came out of the Tor network"""
    return _is_network(seen, "tor")


@signal(_EITHER, Appeal.NETWORK)
def signup_relay(seen: Evidence) -> bool | None:
    """Whether the sign-up came from a private relay of a maker of devices"""
    return _is_network(seen, "relay")


@signal(_RAISES, Appeal.NETWORK)
def signup_runner(seen: Evidence) -> bool | None:
    """Whether the sign-up came from machines that run jobs of a cloud, where nobody sits"""
    return _is_network(seen, "runner")


@signal(_RAISES, Appeal.COUNTRY)
def signup_country_differs(seen: Evidence) -> bool | None:
    """Whether the declared country is not the one that the sign-up's address lies in"""
    declared, place = seen.told("country"), seen.told("place")
    return None if declared is None or place is None else declared != place


@signal(_RAISES, Appeal.SHARED)
def signup_device_accounts(seen: Evidence) -> float | None:
    """How many accounts signed up on the same device"""
    return seen.shared.get("device")


@signal(_RAISES, Appeal.SHARED)
def signup_device_week(seen: Evidence) -> float | None:
    """How many accounts signed up on the same device within a week of it"""
    return seen.shared.get("device_7d")


@signal(_EITHER, Appeal.SHARED)
def signup_network_accounts(seen: Evidence) -> float | None:
    """How many accounts signed up from the same network: two may be one person, many a school"""
    return seen.shared.get("subnet")


@signal(_RAISES, Appeal.SHARED)
def signup_twins(seen: Evidence) -> float | None:
    """How many accounts signed up from the same network with the same client"""
    return seen.shared.get("twin")


@signal(_RAISES, Appeal.SHARED)
def signup_twins_week(seen: Evidence) -> float | None:
    """How many accounts signed up from the same network with the same client within a week
    of it"""
    return seen.shared.get("twin_7d")


@signal(_RAISES, Appeal.SHARED)
def signups_hour(seen: Evidence) -> float | None:
    """How many accounts signed up from the same network within an hour of it"""
    return seen.shared.get("signups_1h")


@signal(_RAISES, Appeal.SHARED)
def signups_day(seen: Evidence) -> float | None:
    """How many accounts signed up from the same network within a day of it"""
    return seen.shared.get("signups_24h")


@signal(_RAISES, Appeal.SHARED)
def signup_clients_alike(seen: Evidence) -> float | None:
    """How surprising it is that so many of its network, with mailboxes that anybody can have,
    signed up with the same client: powers of ten"""
    alike, share = seen.shared.get("plain_twin"), _client_share(seen)
    others = seen.shared.get("subnet", MOST) - 1
    # Of a crowd only the last ones are counted, of the client's another last ones.
    if alike is None or share is None or others >= MOST - 1:
        return None
    if alike <= _COUPLE:
        return 0.0
    chance = _at_least(alike - 1, others, share)
    return min(-math.log10(max(chance, 10.0**-_MOST_SURPRISING)), _MOST_SURPRISING)


def _client_share(seen: Evidence) -> float | None:
    """What share of all sign-ups around it came with its client, by the longest window of which
    all are counted; by the shortest where that is none."""
    share = None
    for client, signup in _WINDOWS:
        same, every = seen.shared.get(client), seen.shared.get(signup)
        if same and every:
            share = min(same / every, 1.0)
            if every < MOST_OF_ALL:
                break
    return share


def _at_least(successes: int, tries: int, chance: float) -> float:
    """The chance of so many successes or more (binomial)."""
    return sum(
        math.comb(tries, n) * chance**n * (1 - chance) ** (tries - n)
        for n in range(successes, tries + 1)
    )
