"""The census counts alike, in memory as on every server that it may be."""

from collections.abc import AsyncIterator, Iterator

import pytest
from redis.asyncio import Redis

from kyc.claims import MOST, MOST_OF_ALL, Claim, claims, shared
from schemas.errors import StoreError
from stream.broker.connections import store_client
from stream.demo.embedded import free_port
from stream.know.census import Census, MemoryCensus, Noted, RedisCensus
from stream.settings import load_settings
from tests.servers import embedded_store, missing, redis_store
from tests.unit.identities import NOW, created, event, profile

HOUR, DAY = 3_600_000, 86_400_000


REAL = [
    pytest.mark.redis,
    pytest.mark.skipif(missing("redis-server"), reason="apt-get install redis-server"),
]


@pytest.fixture(scope="module", params=["memory", "valkey", pytest.param("redis", marks=REAL)])
def url(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str | None]:
    """Where a census lives; None: in this process."""
    if request.param == "memory":
        yield None
    elif request.param == "valkey":
        with embedded_store() as address:
            yield address
    else:
        with redis_store(tmp_path_factory.mktemp("redis")) as address:
            yield address


@pytest.fixture
async def census(url: str | None) -> AsyncIterator[Census]:
    """An empty census."""
    if url is None:
        yield MemoryCensus()
        return
    client = Redis.from_url(url)
    await client.flushdb()
    yield RedisCensus(client)
    await client.aclose()


def noted(
    account: int, at: int = NOW, until: int | None = None, value: int = 7, kind: str = "card"
) -> Noted:
    return Noted(account, Claim(kind, value, at), at if until is None else until)


async def test_an_account_is_its_own_first(census: Census) -> None:
    """In every window of its kind, and ever but of what all sign-ups have; for nothing asked there
    is nothing."""
    asked = [noted(1), noted(1, kind="subnet"), noted(1, kind="document"), noted(1, kind="signup")]
    assert await census.count(asked) == [(1,), (1, 1, 1), (1, 1), (1, 1, 1)]
    assert await census.count([]) == []


async def test_those_before_are_counted_by_window(census: Census) -> None:
    """An hour, a day, 90 days; and ever."""
    before = [DAY * 100, DAY * 2, HOUR * 2, HOUR // 2]
    for kind, counts in [("client", (2, 3, 4)), ("subnet", (5, 2, 3))]:
        await census.count([noted(n, NOW - ago, kind=kind) for n, ago in enumerate(before)])
        assert await census.count([noted(9, kind=kind)]) == [counts]


async def test_those_after_are_counted_as_time_goes_on(census: Census) -> None:
    """As far beyond the claim as its windows reach before it; of a document, none."""
    for kind, counts in [("subnet", (4, 2, 3)), ("client", (2, 3, 4)), ("document", (4, 1))]:
        await census.count([noted(0, kind=kind)])
        after = [HOUR // 2, HOUR * 2, DAY * 2]
        await census.count([noted(n, NOW + wait, kind=kind) for n, wait in enumerate(after, 1)])
        [late, early] = await census.count(
            [noted(0, until=NOW + DAY * 3, kind=kind), noted(0, until=NOW + 1, kind=kind)]
        )
        assert late == counts
        assert set(early) == {1}


async def test_a_claim_is_counted_as_of_each_time_that_is_asked(census: Census) -> None:
    """One call tells it with every event of its account."""
    asked = [noted(1), noted(2, NOW + 1), noted(1, until=NOW + 2), noted(1, until=NOW + 1)]
    assert await census.count(asked) == [(1,), (2,), (2,), (1,)]


async def test_those_that_follow_are_not_counted(census: Census) -> None:
    """Whatever the order in which they are told; later the first one sees them as well."""
    first, second = await census.count([noted(1), noted(2, NOW + 1)])
    assert (first, second) == ((1,), (2,))
    assert await census.count([noted(1, until=NOW + 2)]) == [(2,)]


async def test_what_is_told_again_counts_once(census: Census) -> None:
    """At its earliest time."""
    told = [noted(1), noted(2, NOW + 1)]
    once = await census.count(told)
    assert await census.count(told) == once
    again = await census.count([noted(1, NOW + 5), noted(3, NOW + 3)])
    assert again == [(3,), (3,)]


async def test_values_are_counted_apart(census: Census) -> None:
    """By value."""
    await census.count([noted(1), noted(2, value=8)])
    assert await census.count([noted(3, NOW + 1, value=8)]) == [(2,)]


async def test_a_count_is_bounded(census: Census) -> None:
    """A value that everybody has costs no more than one that many have; more is kept of what all
    sign-ups have."""
    await census.count([noted(n, NOW + n) for n in range(MOST + 20)])
    assert await census.count([noted(999, NOW + 999)]) == [(MOST,)]
    every = MOST_OF_ALL + 20
    await census.count([noted(n, NOW + n, kind="signup") for n in range(every)])
    [(hour, *_)] = await census.count([noted(-1, NOW + every, kind="signup")])
    assert hour == MOST_OF_ALL


async def test_claims_are_forgotten(census: Census) -> None:
    """As if they had not been made."""
    await census.count([noted(1), noted(2)])
    await census.forget([noted(1)])
    assert await census.count([noted(3, NOW + 1)]) == [(2,)]


async def test_who_only_looks_changes_nothing(census: Census) -> None:
    """It counts itself and those before it, and whoever asks next sees what stood before."""
    await census.count([noted(1)])
    assert await census.count([noted(2, NOW + 1), noted(2, value=8)], note=False) == [(2,), (1,)]
    assert await census.count([noted(3, NOW + 2), noted(3, NOW + 2, value=8)]) == [(2,), (1,)]


async def test_a_server_that_is_away_is_told() -> None:
    """As a store does."""
    settings = load_settings(store_url=f"redis://127.0.0.1:{free_port()}/0", store_timeout_ms=200)
    client = store_client(settings)
    census = RedisCensus(client)
    with pytest.raises(StoreError):
        await census.count([noted(1)])
    with pytest.raises(StoreError):
        await census.forget([noted(1)])
    await client.aclose()


async def test_signals_see_the_most_shared_value_of_a_kind() -> None:
    """Two cards, one of them another's as well; the network's windows by name."""
    census = MemoryCensus()
    other = profile(event("payment_method.added", NOW - 1, fingerprint="b"))
    await census.count([Noted(2, claim, NOW) for claim in claims(other)])
    own = profile(
        created(ip="192.0.2.1"),
        event("payment_method.added", fingerprint="a"),
        event("payment_method.added", fingerprint="b"),
    )
    found = claims(own)
    counts = await census.count([Noted(1, claim, NOW) for claim in found])
    assert shared(zip(found, counts, strict=True)) == {
        "card": 2,
        "subnet": 1,
        "signups_1h": 1,
        "signups_24h": 1,
        "system_24h": 1,
        "system_90d": 1,
    }
