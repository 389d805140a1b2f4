"""What happens to an account after sign-up: keys, logins, changes, and another's hand on it."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from simulate.accounts import Account
from simulate.addresses import address_of
from simulate.people import mailbox
from simulate.places import Place
from simulate.requests import api_keys
from simulate.world import DAY_MS, HOUR_MS, World

Fact = dict[str, Any]
Told = Iterator[tuple[int, str, Fact]]  # when, which type of event, its fields

_MINUTE = 60_000


def conduct(account: Account, world: World, name: str) -> Told:
    """The later events of `account`, whose owner goes by `name`, in no order."""
    rng = world.generator("conduct", account.account_id)
    yield from _keys(rng, account)
    yield from _logins(rng, account, world)
    if rng.random() < account.proofs.changes:
        begin = max(account.created, world.start)
        ts = begin + _MINUTE + int(rng.random() * max(0, world.end - begin))
        yield from _settled(rng, account, name, ts)
    if account.proofs.seized:
        yield from _seizure(rng, account, name, account.proofs.seized)


def _key(account: Account, nth: int) -> Fact:
    ring = np.array([account.key], np.uint64)
    return {"api_key_id": api_keys(ring, np.array([nth], np.uint64))[0]}


def _keys(rng: np.random.Generator, account: Account) -> Told:
    for nth in range(account.api_keys):
        wait = rng.exponential((1 + 200 * nth) * HOUR_MS)
        yield account.created + _MINUTE + int(wait), "api_key.created", _key(account, nth)


def _seen(rng: np.random.Generator, place: Place, ts: int) -> Fact:
    seen: Fact = {"ip": address_of(place, ts), "country": place.network.country}
    if place.device:
        seen["device_id"] = place.device
    seen["user_agent"] = place.client.user_agent
    return {k: v for k, v in seen.items() if rng.random() < 0.93}


def _logins(rng: np.random.Generator, account: Account, world: World) -> Told:
    """Logins of the run itself; those of years past would only fill files."""
    begin, end = max(account.created, world.start), min(account.last, world.end)
    weeks = max(0.0, end - begin) / (7 * DAY_MS)
    for _ in range(int(rng.poisson(account.proofs.logins_per_week * weeks))):
        place = account.places[int(rng.integers(len(account.places)))]
        failed = rng.random() < account.proofs.login_failed
        ts = begin + int(rng.random() * (end - begin))
        yield ts, "login.failed" if failed else "login.succeeded", _seen(rng, place, ts)


def _settled(rng: np.random.Generator, account: Account, name: str, ts: int) -> Told:
    """What people change now and then, and what a thief changes to stay."""
    if rng.random() < 0.5:
        yield ts, "email.changed", {"email": mailbox(rng, name, account.proofs.email_domain)}
    elif account.api_keys:
        # Kept for later: requests use the keys made at sign-up.
        yield ts, "api_key.created", _key(account, account.api_keys)


def _seizure(rng: np.random.Generator, account: Account, name: str, ts: int) -> Told:
    place = account.others[0].places[0]
    for n in range(int(rng.poisson(1.0))):
        yield ts - (n + 1) * 5_000, "login.failed", _seen(rng, place, ts)
    yield ts, "login.succeeded", _seen(rng, place, ts)
    if rng.random() < 0.4:
        yield from _settled(rng, account, name, ts + int(rng.exponential(HOUR_MS)))
