"""The proof looks at every key of a store, of whatever kind, and into all that are nobody's own."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest

from edge.audit.keyring import audit_key
from edge.erased.finding import Verdict
from edge.erased.keys import search
from edge.webhook.delivery import Delivery
from edge.webhook.shelf import Shelf
from kyc.claims import Claim
from kyc.profile import Profile
from stream.broker.connections import store_client
from stream.keys import appeals_key, buckets_key, decision_key, key, state_key
from stream.know.census import Noted, RedisCensus
from stream.know.profiles import Position, seal
from stream.know.vault import vault_key
from stream.settings import load_settings
from stream.store import Kind

membership_key, notice_key, pardon_key = (
    partial(key, kind) for kind in (Kind.MEMBERSHIP, Kind.NOTICE, Kind.PARDON)
)

ADA, STAND_IN = "acct:7{a}", 4_711  # what a key's name may be confused by


@pytest.fixture
async def client(store_url: str) -> AsyncIterator[Any]:
    """A store that holds much of another account and of everybody, and nothing of Ada."""
    opened = store_client(load_settings(store_url=store_url))
    await opened.flushdb()
    names = state_key, membership_key, notice_key, decision_key, buckets_key, pardon_key, audit_key
    for name in names:
        await opened.set(name("bo"), b"of bo")
        await opened.set(name(f"{ADA}7"), b"of somebody else")
    await opened.set(key(Kind.PROFILE, "bo"), seal(Profile(), Position(0, 0), 0))
    await opened.set("sg:bars", b"bars")
    await RedisCensus(opened).count([Noted(1, Claim("card", 7, 1), 1)])
    yield opened
    await opened.aclose()


async def left(client: Any) -> set[str]:
    """Where something of Ada is left."""
    found = await search(client, ADA, STAND_IN, lambda _: None)
    return {place for place, verdict, _ in found if verdict is Verdict.LEFT}


async def test_nothing_is_found_where_nothing_is(client: Any) -> None:
    """Others' keys do not count, not even those that begin alike."""
    assert await left(client) == set()


@pytest.mark.parametrize(
    ("name", "place"),
    [
        (state_key, "windows of requests"),
        (membership_key, "membership of a campaign"),
        (notice_key, "notice of the linker"),
        (pardon_key, "pardon of a campaign"),
        (decision_key, "standing decision"),
        (buckets_key, "quotas used"),
        (audit_key, "key of the audit"),
        (vault_key, "sealed names"),
        (appeals_key, "appeals"),
    ],
)
async def test_each_kind_of_key_is_found(client: Any, name: Any, place: str) -> None:
    """By its name."""
    await client.set(name(ADA), b"of ada")
    assert await left(client) == {f"store: {place}"}


async def test_a_profile_must_be_a_tombstone(client: Any) -> None:
    """Facts are left; the time of an erasure is none."""
    await client.set(key(Kind.PROFILE, ADA), seal(Profile(), Position(0, 0), 0))
    assert await left(client) == {"store: profile"}
    await client.set(key(Kind.PROFILE, ADA), seal(Profile(erased=7), Position(0, 0), 0))
    assert await left(client) == set()


async def test_a_claim_is_found_by_its_stand_in(client: Any) -> None:
    """The census knows nobody by name."""
    await RedisCensus(client).count([Noted(STAND_IN, Claim("card", 7, 1), 1)])
    assert await left(client) == {"store: census of shared values"}


async def test_deliveries_are_found_parked_and_dead(client: Any) -> None:
    """Wherever an endpoint keeps them."""
    shelf = Shelf(client, "one")
    delivery = Delivery("d1", ADA, 0, 0, 0, b'{"account_id":"acct:7{a}"}')
    await shelf.park(delivery, 0)
    assert await left(client) == {"store: deliveries of webhooks"}
    await shelf.erase(ADA, 0)
    assert await left(client) == set()
    await shelf.refuse(delivery, now=0)
    assert await left(client) == {"store: deliveries of webhooks"}


@pytest.mark.parametrize("kind", ["member", "field", "item", "value", "name", "unknown"])
async def test_keys_of_a_kind_to_come_are_looked_into(client: Any, kind: str) -> None:
    """Members, fields, items and values, as they are or quoted; what cannot be read is not
    vouched for."""
    quoted = b'{"who":"acct:7{a}"}'
    match kind:
        case "member":
            await client.sadd("sg:new", ADA)
        case "field":
            await client.hset("sg:new", ADA, b"1")
        case "item":
            await client.rpush("sg:new", quoted)
        case "value":
            await client.set("sg:new", quoted)
        case "name":
            await client.set(f"sg:new:{ADA}", b"1")
        case _:
            await client.xadd("sg:new", {"a": "b"})
    assert await left(client) == {"store: other keys"}
