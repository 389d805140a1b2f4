"""Where requests come from: a network, a device and a piece of client software."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from simulate.clients import Client
from simulate.networks import HOME, HOSTING, MOBILE, VPN, Network

_HOUR = 3_600_000
FOREVER_MS = 1 << 50

Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True)
class Place:
    """One of an account's usual places. `key` fixes the address, new after every `lease_ms`."""

    network: Network
    client: Client
    key: int
    lease_ms: int = FOREVER_MS
    device: str = ""
    v6: bool = False


def pick(rng: np.random.Generator, things: tuple[Thing, ...], skew: float = 1.6) -> Thing:
    """One of `things`, the first the likeliest: popularity falls off as a power."""
    return things[int(len(things) * rng.random() ** skew)]


def home(rng: np.random.Generator, client: Client, device: str = "") -> Place:
    """A household line: the address changes every one to thirty days; a quarter speak IPv6."""
    network = pick(rng, HOME)
    lease = int(rng.uniform(1, 30) * 24 * _HOUR)
    v6 = bool(network.v6) and rng.random() < 0.4
    return Place(network, client, int(rng.integers(1 << 62)), lease, device, v6)


def elsewhere(rng: np.random.Generator, country: str, client: Client, device: str = "") -> Place:
    """A phone's network in the same country where there is one: a new address every few hours."""
    local = tuple(n for n in MOBILE if n.country == country)
    network = pick(rng, local or MOBILE)
    lease = int(rng.uniform(1, 8) * _HOUR)
    return Place(network, client, int(rng.integers(1 << 62)), lease, device, bool(network.v6))


def tunnel(rng: np.random.Generator, client: Client, device: str = "") -> Place:
    """A commercial VPN: another exit every few hours, shared with strangers."""
    network = pick(rng, VPN)
    return Place(
        network, client, int(rng.integers(1 << 62)), int(rng.uniform(2, 48) * _HOUR), device
    )


def server(rng: np.random.Generator, client: Client) -> Place:
    """A rented machine: one address for good."""
    return Place(pick(rng, HOSTING), client, int(rng.integers(1 << 62)))
