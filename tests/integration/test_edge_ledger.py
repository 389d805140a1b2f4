"""The ledger on real stores: which decisions hold, what quotas bear, not one grant too many."""

import asyncio
from time import time
from typing import Any

import pytest
from redis.asyncio import Redis, RedisCluster
from redis.crc import key_slot
from structlog.testing import capture_logs

from edge.check.asks import MOST_TOKENS, Ask, Settlement
from edge.check.ledger import RedisLedger, Spent
from edge.check.quotas import Quota
from schemas.errors import StoreError
from stream.broker.connections import store_client
from stream.keys import buckets_key, decision_key
from stream.redis_store import RedisStore
from stream.settings import load_settings
from tests.integration.standing import DAY_MS, FAR, REQUESTS, stand
from tests.servers import free_port, missing, redis_store
from tests.unit.edges import decision

TOKENS = Quota("tokens", "tokens", 1_000, DAY_MS)


async def one(ledger: RedisLedger, ask: Ask) -> Spent:
    [spent] = await ledger.spend([ask])
    return spent


async def test_nothing_stands_and_nothing_is_counted(empty_store: Any) -> None:
    """Most accounts leave no trace in the store."""
    assert await one(RedisLedger(empty_store, {}), Ask("a")) == Spent(True, b"", ())
    assert await empty_store.dbsize() == 0


async def left(ledger: RedisLedger, tier: int = 1) -> list[int]:
    """What is left in each bucket, asked with a settlement of nothing."""
    [spent] = await ledger.spend([Settlement("a", 0, 0, tier)])
    return [level.left for level in spent.levels]


async def test_what_was_used_is_settled(empty_store: Any) -> None:
    """More is taken and less is given back, of tokens alone; no bucket is fuller than full."""
    ledger = RedisLedger(empty_store, {1: [REQUESTS, TOKENS]})
    assert (await one(ledger, Ask("a", 300, 1))).granted
    for settlement, expected in (
        (Settlement("a", used=500, asked=300, tier=1), [99, 500]),
        (Settlement("a", used=100, asked=500, tier=1), [99, 900]),
        (Settlement("a", used=0, asked=400, tier=1), [99, 1_000]),
    ):
        [spent] = await ledger.spend([settlement])
        assert (spent.granted, [level.left for level in spent.levels]) == (True, expected)
    assert await left(ledger) == [99, 1_000]


async def test_what_was_used_beyond_all_is_owed(empty_store: Any) -> None:
    """The request has passed: the next ones wait until it is paid back."""
    ledger = RedisLedger(empty_store, {1: [TOKENS]})
    await ledger.spend([Settlement("a", used=1_500, tier=1)])
    assert await left(ledger) == [0]
    spent = await one(ledger, Ask("a", 1, 1))
    assert not spent.granted
    assert spent.levels[0].wait_ms > DAY_MS // 2


async def test_what_is_owed_has_a_bound(empty_store: Any) -> None:
    """However often it is reported: numbers stay exact."""
    ledger = RedisLedger(empty_store, {1: [TOKENS]})
    for _ in range(3):
        [spent] = await ledger.spend([Settlement("a", used=MOST_TOKENS, tier=1)])
    assert spent.levels[0].full_ms <= (1 + MOST_TOKENS / 1_000) * DAY_MS


async def test_an_account_that_owes_nothing_leaves_no_trace(empty_store: Any) -> None:
    """What was given back whole is as if nothing had been asked."""
    ledger = RedisLedger(empty_store, {1: [TOKENS]})
    await one(ledger, Ask("a", 10, 1))
    await ledger.spend([Settlement("a", used=0, asked=10, tier=1)])
    assert await empty_store.dbsize() == 0


@pytest.mark.parametrize("action", ["block", "step_up"])
async def test_a_refused_request_takes_nothing(empty_store: Any, action: str) -> None:
    """The decision is the answer, whatever the quotas say."""
    message = await stand(empty_store, "a", action)
    spent = await one(RedisLedger(empty_store, {1: [REQUESTS]}), Ask("a"))
    assert spent == Spent(True, message, ())
    assert not await empty_store.exists(buckets_key("a"))


@pytest.mark.parametrize("others", [{"mode": "shadow"}, {"expires_at": 1}])
async def test_what_is_not_in_force_is_not_acted_on(
    empty_store: Any, others: dict[str, Any]
) -> None:
    """A shadow, or a decision that is over; its tier is known all the same."""
    await stand(empty_store, "a", "block", **others)
    spent = await one(RedisLedger(empty_store, {1: [REQUESTS]}), Ask("a", tier=0))
    assert (spent.granted, spent.decision) == (True, b"")
    assert [level.name for level in spent.levels] == ["requests"]


async def test_a_decision_lapses_at_the_asks_own_time(empty_store: Any) -> None:
    """Traffic that is replayed asks about its own past."""
    message = await stand(empty_store, "a", "block", expires_at=1_000)
    ledger = RedisLedger(empty_store, {})
    assert (await one(ledger, Ask("a", ts=999))).decision == message
    assert (await one(ledger, Ask("a", ts=1_000))).decision == b""


async def test_a_decisions_limits_are_counted(empty_store: Any) -> None:
    """As many as it says, then how long to wait."""
    await stand(
        empty_store, "a", "rate_limit", limits={"requests_per_minute": 2, "tokens_per_minute": 90}
    )
    ledger = RedisLedger(empty_store, {})
    answers = [await one(ledger, Ask("a", tokens=10)) for _ in range(3)]
    assert [spent.granted for spent in answers] == [True, True, False]
    requests, tokens = answers[2].levels
    assert (requests.name, requests.quota, requests.left) == ("decision-requests", 2, 0)
    assert 0 < requests.wait_ms <= 30_000
    assert (tokens.left >= 70, tokens.wait_ms) == (True, 0)


@pytest.mark.parametrize("tier", [None, 0, 3])
async def test_quotas_are_those_of_the_tier(empty_store: Any, tier: int | None) -> None:
    """Of the tier that the gateway names; where nobody knows it, none."""
    quotas = {0: [Quota("zero", "requests", 1, DAY_MS)], 3: [Quota("three", "requests", 9, DAY_MS)]}
    spent = await one(RedisLedger(empty_store, quotas), Ask("a", tier=tier))
    names = {None: [], 0: ["zero"], 3: ["three"]}
    assert [level.name for level in spent.levels] == names[tier]


async def test_the_decisions_tier_comes_before_the_gateways(empty_store: Any) -> None:
    """It was worked out here."""
    await stand(empty_store, "a", "restrict", kyc_tier=0)
    spent = await one(RedisLedger(empty_store, {0: [REQUESTS]}), Ask("a", tier=3))
    assert [level.name for level in spent.levels] == ["requests"]


async def test_all_buckets_or_none(empty_store: Any) -> None:
    """A request that lacks tokens does not cost a request either."""
    ledger = RedisLedger(empty_store, {0: [REQUESTS, TOKENS]})
    assert (await one(ledger, Ask("a", 900, 0))).granted
    refused = await one(ledger, Ask("a", 200, 0))
    assert not refused.granted
    assert [level.left for level in refused.levels] == [99, 100]
    assert (await one(ledger, Ask("a", 100, 0))).granted


async def test_a_request_larger_than_its_bucket_is_paid_back(empty_store: Any) -> None:
    """It passes when the bucket is full, and then nothing does until the debt is gone."""
    ledger = RedisLedger(empty_store, {0: [TOKENS]})
    assert (await one(ledger, Ask("a", MOST_TOKENS, 0))).granted
    refused = await one(ledger, Ask("a", 1, 0))
    assert not refused.granted
    assert refused.levels[0].wait_ms > (MOST_TOKENS - 2_000) * DAY_MS // 1_000


async def test_a_quota_of_zero_grants_nothing(empty_store: Any) -> None:
    """And says so without dividing by it."""
    await stand(
        empty_store, "a", "rate_limit", limits={"requests_per_minute": 0, "tokens_per_minute": 0}
    )
    spent = await one(RedisLedger(empty_store, {}), Ask("a"))
    assert (spent.granted, spent.levels[0].wait_ms) == (False, 60_000)


async def test_a_bucket_is_gone_when_it_is_full_again(empty_store: Any) -> None:
    """Only accounts that are in debt take room."""
    await one(RedisLedger(empty_store, {0: [REQUESTS]}), Ask("a", tier=0))
    assert 0 < await empty_store.pttl(buckets_key("a")) <= DAY_MS // 100


async def test_an_erased_account_leaves_no_bucket(empty_store: Any) -> None:
    """What it has used is held about it too."""
    await one(RedisLedger(empty_store, {0: [REQUESTS]}), Ask("a", tier=0))
    await RedisStore(empty_store).erase(["a"])
    assert await empty_store.dbsize() == 0


@pytest.mark.parametrize(
    "message",
    [b"{nonsense", b"7", decision("rate_limit", limits={"requests_per_minute": 2})],
)
async def test_an_unreadable_decision_spoils_only_its_own_account(
    empty_store: Any, message: bytes
) -> None:
    """It comes back as it is; the others in the call are answered."""
    await empty_store.set(decision_key("a"), message)
    ledger = RedisLedger(empty_store, {0: [REQUESTS]})
    bad, good = await ledger.spend([Ask("a", 0, 0), Ask("b", 0, 0)])
    assert bad == Spent(True, message, ())
    assert good.granted
    assert len(good.levels) == 1


async def test_a_lost_script_is_sent_again_loudly(empty_store: Any) -> None:
    """As after a restart, or behind a proxy that keeps none."""
    ledger = RedisLedger(empty_store, {})
    await ledger.open()
    await empty_store.script_flush()
    with capture_logs() as logs:
        assert (await one(ledger, Ask("a"))).granted
        assert (await one(ledger, Ask("a"))).granted
    assert [line["event"] for line in logs] == ["edge.script_missing"]


async def test_the_clock_is_the_stores(empty_store: Any) -> None:
    """Edges whose clocks differ count alike: what is asked about is not when it is asked."""
    ledger = RedisLedger(empty_store, {0: [REQUESTS]})
    await ledger.spend([Ask("a", 0, 0, ts) for ts in (1, FAR, 5)])
    at = int((await empty_store.hget(buckets_key("a"), "requests:100:86400000")).split()[1])
    assert abs(at - 1_000 * time()) < 60_000


async def test_one_call_may_ask_often_for_one_account(empty_store: Any) -> None:
    """Each ask sees what the one before it left."""
    spent = await RedisLedger(empty_store, {0: [REQUESTS]}).spend([Ask("a", 0, 0)] * 105)
    assert [s.granted for s in spent] == [True] * 100 + [False] * 5


async def test_a_store_that_is_gone_is_a_store_error() -> None:
    """Of ours, whatever the client raises."""
    client = store_client(load_settings(store_url=f"redis://127.0.0.1:{free_port()}/0"))
    ledger = RedisLedger(client, {})
    for attempt in (ledger.open(), ledger.spend([Ask("a")])):
        with pytest.raises(StoreError):
            await attempt
    await ledger.close()


@pytest.mark.redis
@pytest.mark.skipif(missing("redis-server"), reason="apt-get install redis-server")
async def test_a_cluster_counts_alike(tmp_path_factory: pytest.TempPathFactory) -> None:
    """One call a slot, answers in the order of the asks."""
    folder = tmp_path_factory.mktemp("cluster")
    bus = str(free_port())
    with redis_store(folder, "--cluster-enabled", "yes", "--cluster-port", bus) as url:
        await _own_every_slot(url)
        client = store_client(load_settings(store_url=url, store_cluster=True))
        assert isinstance(client, RedisCluster)
        ledger = RedisLedger(client, {0: [Quota("requests", "requests", 1, DAY_MS)]})
        names = [f"account-{n}" for n in range(100)]
        asks = [Ask(name, 0, 0) for name in names] + [Ask(names[0], 0, 0)]
        granted = [spent.granted for spent in await ledger.spend(asks)]
        await ledger.close()
    assert granted == [True] * 100 + [False]


@pytest.mark.parametrize("account", ["a", "{b}", "ü" * 40])
def test_both_keys_of_an_account_share_a_slot(account: str) -> None:
    """Or a cluster would refuse the script."""
    assert key_slot(buckets_key(account).encode()) == key_slot(decision_key(account).encode())


async def _own_every_slot(url: str) -> None:
    async with asyncio.timeout(30), Redis.from_url(url) as node:
        await node.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16_383)
        while b"cluster_state:ok" not in await node.execute_command("CLUSTER", "INFO"):  # noqa: ASYNC110 - Redis tells nobody
            await asyncio.sleep(0.02)
