"""The same account elsewhere, in another country or at another time: for cohorts that differ from
ordinary people only in where or when they are met."""

from dataclasses import replace
from typing import Any

from simulate.accounts import Account
from simulate.chance import generator, key_of
from simulate.habitats import OFFSETS
from simulate.networks import HOME, Network
from simulate.places import FOREVER_MS, pick
from simulate.world import DAY_MS, HOUR_MS, World

_HOUSEHOLDS = 0.08
_ONE_PERSON = 0.3  # of the households: not a couple, but one person with two accounts


def met_at(account: Account, network: Network, key: int = 0, lease_ms: int = FOREVER_MS) -> Account:
    """Everything through `network`; the same key and lease are one address for everybody, and
    without a key every place keeps an address of its own."""
    places = tuple(
        replace(place, network=network, key=key or place.key, lease_ms=lease_ms, v6=False)
        for place in account.places
    )
    return account.having(places=places)


def at_home_in(account: Account, country: str) -> Account:
    """The same person, and the same habits, by the clock of `country`."""
    shift = OFFSETS[country] - OFFSETS[account.proofs.country]
    hours = account.habits.offset_h + shift
    return account.having(proofs={"country": country}, habits={"offset_h": hours})


def starting(account: Account, created: int, **fields: Any) -> Account:
    """Signed up at `created`, ms, and begun within hours."""
    wait = generator("start", account.key).exponential(2 * HOUR_MS)
    return account.having(created=created, first=created + int(wait), **fields)


def in_household(account: Account, world: World, index: int) -> Account:
    """Some share a line and a card with one more: a couple, or one person with two accounts."""
    rng = world.generator(account.cohort, "household", index // 2)
    if rng.random() >= _HOUSEHOLDS:
        return account
    key, line = key_of(account.cohort, world.seed, "household", index // 2), pick(rng, HOME)
    person = key if rng.random() < _ONE_PERSON else 0
    shared = {"cards": (key,), "issued": line.country, "document": person}
    return at_home_in(met_at(account, line, key, 7 * DAY_MS), line.country).having(proofs=shared)
