"""Signals of where and how fast accounts sign up."""

from kyc.evidence import Evidence
from kyc.marks import read
from kyc.signals.registry import Appeal, Direction, signal
from kyc.things import NETWORKS

_RAISES, _EITHER = Direction.RAISES, Direction.EITHER


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


@signal(_EITHER, Appeal.SHARED)
def signup_network_accounts(seen: Evidence) -> float | None:
    """How many accounts signed up from the same network: two may be one person, many a school"""
    return seen.shared.get("subnet")


@signal(_RAISES, Appeal.SHARED)
def signup_twins(seen: Evidence) -> float | None:
    """How many accounts signed up from the same network with the same client"""
    return seen.shared.get("twin")


@signal(_RAISES, Appeal.SHARED)
def signups_hour(seen: Evidence) -> float | None:
    """How many accounts signed up from the same network within the hour before it"""
    return seen.shared.get("signups_1h")


@signal(_RAISES, Appeal.SHARED)
def signups_day(seen: Evidence) -> float | None:
    """How many accounts signed up from the same network within the day before it"""
    return seen.shared.get("signups_24h")
