"""Grants are counted alike in memory and on every server that the store may be."""

from collections.abc import AsyncIterator, Iterator, Sequence

import pytest
from redis.asyncio import Redis

from schemas.decisions import Action
from stream.decide.policy import Fewest, Shares
from stream.govern.activity import Active
from stream.govern.grants import Grants, MemoryGrants, RedisGrants, Wish
from tests.servers import embedded_store, missing, redis_store

REAL = [
    pytest.mark.redis,
    pytest.mark.skipif(missing("redis-server"), reason="apt-get install redis-server"),
]
NONE = Fewest(accounts=0, requests=0)
ALL = Shares(accounts=1.0, traffic=1.0)
TENTH = Shares(accounts=0.1, traffic=1.0)
DAY = 24
HOUR = 20_000 * DAY + 10  # ten in the morning


@pytest.fixture(scope="module")
def valkey() -> Iterator[str]:
    """The URL of an embedded store."""
    with embedded_store() as url:
        yield url


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of Debian's redis-server."""
    with redis_store(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture(params=["memory", "valkey", pytest.param("redis", marks=REAL)])
async def grants(request: pytest.FixtureRequest) -> AsyncIterator[Grants]:
    """Grants of each kind, none given yet."""
    if request.param == "memory":
        yield MemoryGrants()
        return
    client = Redis.from_url(request.getfixturevalue(request.param))
    await client.flushall()
    yield RedisGrants(client)
    await client.aclose()


def wishes(count: int, first: int = 0, requests: int = 1) -> list[Wish]:
    """So many accounts, each with as many requests."""
    return [Wish(f"account-{n}", requests) for n in range(first, first + count)]


async def granted(
    grants: Grants,
    asked: Sequence[Wish],
    *,
    hour: int = HOUR,
    action: Action = Action.BLOCK,
    shares: Shares = TENTH,
    fewest: Fewest = NONE,
) -> int:
    """How many of those who ask are granted."""
    return sum(await grants.grant(hour, action, shares, fewest, asked))


async def test_a_share_of_the_accounts_is_granted(grants: Grants) -> None:
    """Those who come first, and in the next hour as many again."""
    await grants.add({HOUR - DAY: Active(50, 1_000)})
    assert (
        await grants.grant(HOUR, Action.BLOCK, TENTH, NONE, wishes(8)) == [True] * 5 + [False] * 3
    )
    assert await granted(grants, wishes(8, 5), hour=HOUR + 1) == 5


async def test_whoever_was_granted_is_again(grants: Grants) -> None:
    """A batch that is repeated after a crash hears the same, whoever else asked meanwhile."""
    await grants.add({HOUR - DAY: Active(50, 1_000)})
    first = await grants.grant(HOUR, Action.BLOCK, TENTH, NONE, wishes(3))
    assert await granted(grants, wishes(9, 100)) == 2
    assert await grants.grant(HOUR, Action.BLOCK, TENTH, NONE, wishes(3)) == first
    assert await granted(grants, wishes(9, 100)) == 2


async def test_a_share_of_the_requests_is_granted(grants: Grants) -> None:
    """One heavy account is as much as many; a lighter one still fits."""
    await grants.add({HOUR - DAY: Active(50, 1_000)})
    half = Shares(accounts=1.0, traffic=0.5)
    asked = [*wishes(1, 0, 400), *wishes(1, 1, 200), *wishes(1, 2, 100)]
    assert await grants.grant(HOUR, Action.BLOCK, half, NONE, asked) == [True, False, True]


async def test_so_few_are_granted_in_any_case(grants: Grants) -> None:
    """When a stream begins nobody is known yet, and a tenth of nobody is nobody."""
    few = Fewest(accounts=4, requests=100)
    assert await granted(grants, wishes(9), fewest=few) == 4
    heavy = wishes(9, 100, 60)
    assert await granted(grants, heavy, hour=HOUR + 1, fewest=few) == 1


async def test_each_action_has_a_count_of_its_own(grants: Grants) -> None:
    """Blocks take nothing from step-ups."""
    await grants.add({HOUR - DAY: Active(50, 1_000)})
    assert await granted(grants, wishes(9)) == 5
    assert await granted(grants, wishes(9), action=Action.STEP_UP) == 5


async def test_what_it_is_a_share_of_is_fixed_for_the_hour(grants: Grants) -> None:
    """So that who was refused stays so; the next hour knows of more."""
    assert await granted(grants, wishes(9)) == 0
    await grants.add({HOUR - 1: Active(50, 1_000)})
    assert await granted(grants, wishes(9)) == 0
    assert await granted(grants, wishes(9), hour=HOUR + 1) == 5


async def test_a_larger_share_counts_at_once(grants: Grants) -> None:
    """A person has allowed more within the hour."""
    await grants.add({HOUR - DAY: Active(50, 1_000)})
    assert await granted(grants, wishes(9)) == 5
    assert await granted(grants, wishes(9), shares=ALL) == 9


@pytest.mark.parametrize(
    ("activity", "expected"),
    [
        ({HOUR - DAY: Active(30, 1)}, 3),  # yesterday at ten
        ({HOUR - 10: Active(40, 1)}, 4),  # today at midnight
        ({HOUR - 11: Active(30, 1), HOUR - 34: Active(20, 1)}, 5),  # all of yesterday
        ({HOUR - DAY: Active(30, 1), HOUR - 1: Active(20, 1)}, 3),  # the larger one of both days
        ({HOUR: Active(90, 1)}, 0),  # this very hour is not over
        ({HOUR - 35: Active(90, 1)}, 0),  # the day before yesterday
    ],
)
async def test_the_share_is_of_a_day(
    grants: Grants, activity: dict[int, Active], expected: int
) -> None:
    """Of yesterday's accounts, or of today's where these are more already."""
    await grants.add({hour: Active(accounts, 10_000) for hour, (accounts, _) in activity.items()})
    assert await granted(grants, wishes(20)) == expected


async def test_counts_add_up(grants: Grants) -> None:
    """Of several workers, and of one that tells twice."""
    await grants.add({HOUR - DAY: Active(20, 500), HOUR - DAY + 1: Active(20, 500)})
    await grants.add({HOUR - DAY: Active(10, 500)})
    await grants.add({})
    assert await granted(grants, wishes(9)) == 5
