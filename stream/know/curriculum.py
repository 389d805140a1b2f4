"""What the shipped model of identity learns from: simulated sign-ups, no two crowds alike."""

from ipaddress import ip_network
from pathlib import Path
from typing import Final

import msgspec

from kyc.lists.kinds import Kind
from kyc.lists.lookups import Lists
from kyc.lists.networks import NetworkSet
from scorers.train import Report
from simulate.networks import CAMPUS, CARRIER_NAT, HOME, HOSTING, MOBILE, VPN, Network
from simulate.newcomers import newcomers
from simulate.population import Population
from stream.decode.geography import Geography, Source, open_geography
from stream.know.training import collect, train_tables
from stream.learn.labelling import Truth
from stream.settings import load_settings
from stream.training import Progress

_NETWORKS: Final = (*HOME, *MOBILE, *HOSTING, *VPN, *CAMPUS, *CARRIER_NAT)


def train_simulated(
    out: Path, seed: int, populations: int, accounts: int, days: float, progress: Progress
) -> Report:
    """Train on simulated populations of every provider; `progress` is called after each.

    What the simulator knows of every account stands for labels. Every other provider has lists of
    networks, and a database of their operators. Errors: see scorers.train.
    """
    tables, encode = [], msgspec.json.encode
    plain = Lists(), open_geography(load_settings())
    informed = _lists(), _geography(plain[1])
    for number in range(populations):
        population = Population(newcomers(seed, number, accounts, days))
        bodies = map(encode, population.account_events())
        tables.append(collect(bodies, _truths(population), *(informed if _odd(number) else plain)))
        progress(1)
    return train_tables(out, tables, seed)


def _odd(number: int) -> bool:
    """Whether it is one of an odd round of the four providers."""
    return number // 4 % 2 == 1


def _lists() -> Lists:
    """Which networks are whose, as the simulation has them."""
    kinds = {Kind.DATACENTRE_NETWORKS: HOSTING, Kind.VPN_NETWORKS: VPN}
    return Lists(networks={kind: _set(*networks) for kind, networks in kinds.items()})


def _geography(countries: Geography) -> Geography:
    """The operators of the simulation's networks, and the countries of another geography."""
    systems = [(_set(network), network.asn) for network in _NETWORKS]

    def system(ip: str) -> int | None:
        return next((asn for held, asn in systems if ip in held), None)

    return Geography(Source(system, "simulated", None), *countries.sources)


def _set(*networks: Network) -> NetworkSet:
    places = [(n.base, 32 - n.bits) for n in networks]
    places += [(n.v6 << 96, 32) for n in networks if n.v6]
    return NetworkSet(ip_network(place, strict=False) for place in places)


def _truths(population: Population) -> dict[str, Truth]:
    """Who is not what they claim. Left out: accounts that were honest when they signed up."""
    name = population.scenario.name
    return {
        account.account_id: Truth(
            account.abusive, f"{name}:{account.campaign or account.account_id}"
        )
        for account in population.accounts()
        if account.begins is None
    }
