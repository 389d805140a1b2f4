"""The store keeps its promises, in memory as on every server that it may be."""

import asyncio
import os
import signal
import struct
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import redis
from redis.asyncio import Redis, RedisCluster
from structlog.testing import capture_logs

from schemas.errors import StoreError
from stream.broker.connections import store_client
from stream.demo.embedded import free_port
from stream.keys import SHARDS, decision_key, key, state_key
from stream.metrics import Metrics
from stream.patience import PatientStore
from stream.redis_store import RedisStore
from stream.settings import load_settings
from stream.store import (
    HELD,
    LIFETIME_S,
    PROFILE_LIFETIME_S,
    Current,
    Entry,
    Kind,
    MemoryStore,
    Store,
)
from tests.servers import embedded_store, missing, redis_store

HOUR_MS = 3_600_000
REAL = [
    pytest.mark.redis,
    pytest.mark.skipif(missing("redis-server"), reason="apt-get install redis-server"),
]
SERVERS = ["valkey", pytest.param("redis", marks=REAL), pytest.param("cluster", marks=REAL)]
# From every part of the table of shards, so that a cluster's batch is several calls.
MANY = [f"account-{n}" for n in range(200)]


def state(offset: int, *, epoch: int = 0, partition: int = 3, rest: bytes = b"") -> bytes:
    """A packed state as far as a store looks at it."""
    return struct.pack(">HHq", epoch, partition, offset) + rest


def entry(offset: int, account: str = "ada", decision: bytes | None = None, **more: Any) -> Entry:
    current = Current(decision, HOUR_MS) if decision else None
    return Entry(account, state(offset, **more), current)


@dataclass(frozen=True, slots=True)
class Served:
    """A store on a server, and the client beneath it."""

    store: RedisStore
    client: "Redis | RedisCluster"

    async def keys(self) -> list[str]:
        """Every key on the server."""
        return sorted(name.decode() for name in await self.client.keys("*"))


@asynccontextmanager
async def connected(url: str, **more: Any) -> AsyncIterator[Served]:
    """A store at `url`."""
    client = store_client(load_settings(store_url=url, **more))
    try:
        yield Served(RedisStore(client), client)
    finally:
        await client.aclose()


@pytest.fixture(scope="module")
def urls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """Starts a server at its first use."""
    known: dict[str, str] = {}
    with ExitStack() as stack:

        def start(name: str) -> str:
            if name == "valkey":
                return stack.enter_context(embedded_store())
            folder = tmp_path_factory.mktemp(name)
            if name == "redis":
                return stack.enter_context(redis_store(folder))
            options = ("--cluster-enabled", "yes", "--cluster-port", str(free_port()))
            url = stack.enter_context(redis_store(folder, *options))
            _own_every_slot(url)
            return url

        yield lambda name: known.get(name) or known.setdefault(name, start(name))


def _own_every_slot(url: str) -> None:
    deadline = time.monotonic() + 10
    with redis.Redis.from_url(url) as node:
        node.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16_383)
        while b"cluster_state:ok" not in node.execute_command("CLUSTER", "INFO"):
            assert time.monotonic() < deadline, "the cluster does not form"
            time.sleep(0.02)


@pytest.fixture(params=SERVERS)
async def served(
    request: pytest.FixtureRequest, urls: Callable[[str], str]
) -> AsyncIterator[Served]:
    """An empty store on each kind of server."""
    url = urls(request.param)
    async with connected(url, store_cluster=request.param == "cluster") as served:
        await served.client.flushall()
        yield served


@pytest.fixture(params=["memory", *SERVERS])
async def store(request: pytest.FixtureRequest, urls: Callable[[str], str]) -> AsyncIterator[Store]:
    """An empty store of each kind."""
    if request.param == "memory":
        yield MemoryStore()
        return
    url = urls(request.param)
    async with connected(url, store_cluster=request.param == "cluster") as served:
        await served.client.flushall()
        yield served.store


class TestContract:
    """What every store does."""

    async def test_what_was_never_written_is_none(self, store: Store) -> None:
        """States and decisions alike."""
        assert await store.load(["ada", "bo"]) == [None, None]
        assert await store.decision("ada") is None

    async def test_a_decree_stands(self, store: Store) -> None:
        """Until the next decision, without any state."""
        await store.decree("ada", Current(b"by order", HOUR_MS))
        assert await store.decision("ada") == b"by order"
        assert await store.load(["ada"]) == [None]
        await store.write([entry(1, decision=b"by evidence")])
        assert await store.decision("ada") == b"by evidence"

    async def test_nothing_is_loaded_for_nobody(self, store: Store) -> None:
        """A chunk of garbage has no accounts."""
        assert await store.load([]) == []
        assert await store.write([]) == 0

    async def test_states_come_in_the_order_asked_for(self, store: Store) -> None:
        """Whatever the server or the slots make of it."""
        await store.write([entry(n, account) for n, account in enumerate(MANY)])
        backwards = [*reversed(MANY), "nobody"]
        expected = [*(state(n) for n in reversed(range(len(MANY)))), None]
        assert await store.load(backwards) == expected

    async def test_bytes_come_back_as_they_were(self, store: Store) -> None:
        """Zeros, line ends and what is no UTF-8 included."""
        rest = bytes(range(256)) * 40
        await store.write([entry(1, rest=rest), entry(1, "bö", b"\x00\r\n\xff")])
        assert await store.load(["ada"]) == [state(1, rest=rest)]
        assert await store.decision("bö") == b"\x00\r\n\xff"

    async def test_a_newer_state_takes_the_place(self, store: Store) -> None:
        """With its decision."""
        await store.write([entry(5, decision=b"old")])
        assert await store.write([entry(6, decision=b"new")]) == 0
        assert await store.load(["ada"]) == [state(6)]
        assert await store.decision("ada") == b"new"

    async def test_an_older_state_is_refused_with_its_decision(self, store: Store) -> None:
        """A worker that lost its partition cannot undo the next owner's work."""
        await store.write([entry(6, decision=b"new")])
        assert await store.write([entry(5, decision=b"old", rest=b"old")]) == 1
        assert await store.load(["ada"]) == [state(6)]
        assert await store.decision("ada") == b"new"

    async def test_only_the_older_are_refused(self, store: Store) -> None:
        """The others of the same batch are written, each with its own decision."""
        await store.write([entry(9, "bo")])
        batch = [
            entry(5, "ada"),
            entry(5, "bo", b"too old"),
            entry(5, "cy", b"fine"),
        ]
        assert await store.write(batch) == 1
        assert await store.load(["ada", "bo", "cy"]) == [state(5), state(9), state(5)]
        assert [await store.decision(a) for a in ("ada", "bo", "cy")] == [None, None, b"fine"]

    async def test_the_same_offset_is_accepted(self, store: Store) -> None:
        """A write whose answer was lost is simply repeated."""
        await store.write([entry(5, rest=b"one")])
        assert await store.write([entry(5, rest=b"two")]) == 0
        assert await store.load(["ada"]) == [state(5, rest=b"two")]

    @pytest.mark.parametrize("other", [{"partition": 4}, {"partition": 2}, {"epoch": 1}])
    async def test_offsets_of_another_stream_are_not_compared(
        self, store: Store, other: dict[str, int]
    ) -> None:
        """Other partition, other epoch: offsets begin again."""
        await store.write([entry(500)])
        assert await store.write([entry(2, **other)]) == 0
        assert await store.load(["ada"]) == [state(2, **other)]

    @pytest.mark.parametrize("held", [255, 2**31, 2**40, 2**53 - 2])
    async def test_offsets_are_compared_as_numbers(self, store: Store, held: int) -> None:
        """Where bytes, words and Lua's numbers end."""
        await store.write([entry(held)])
        assert await store.write([entry(held - 1)]) == 1
        assert await store.write([entry(held + 1)]) == 0

    async def test_states_and_profiles_are_apart(self, store: Store) -> None:
        """Each kind has its own value, fence and life."""
        await store.write([entry(9, account) for account in MANY])
        await store.write([entry(2, "ada"), entry(3, MANY[5])], Kind.PROFILE)
        assert await store.load(["ada", MANY[5]], Kind.PROFILE) == [state(2), state(3)]
        assert await store.load(["ada", MANY[5]]) == [None, state(9)]
        assert await store.write([entry(1, MANY[5])], Kind.PROFILE) == 1

    async def test_all_kinds_are_loaded_at_once(self, store: Store) -> None:
        """In the order asked for, over all shards."""
        await store.write([entry(n, account) for n, account in enumerate(MANY)])
        await store.write([entry(n, account) for n, account in enumerate(MANY[::2])], Kind.PROFILE)
        await store.write([entry(7, account) for account in MANY[:3]], Kind.MEMBERSHIP)
        await store.write([entry(8, MANY[1])], Kind.NOTICE)
        asked = [*reversed(MANY), "nobody"]
        held = await store.load_all(asked)
        assert list(held) == [await store.load(asked, kind) for kind in HELD]
        assert held.profiles.count(None) == len(MANY) // 2 + 1
        assert held.memberships.count(None) == len(MANY) - 2
        assert held.notices.count(None) == len(MANY)
        assert await store.load_all([]) == ([], [], [], [])

    async def test_what_requests_left_of_an_erased_account_is_gone(self, store: Store) -> None:
        """All but its profile, now a tombstone; the others stay."""
        batch = [entry(1, account, b"decision") for account in ("ada", "bo")]
        for kind in Kind:
            await store.write(batch, kind)
        await store.erase(["ada", "nobody"])
        await store.erase([])
        left = [None, state(1)]
        assert await store.load_all(["ada", "bo"]) == (left, [state(1), state(1)], left, left)
        assert await store.decision("ada") is None

    async def test_renewing_changes_nothing(self, store: Store) -> None:
        """Also where there is no profile."""
        await store.write([entry(1)], Kind.PROFILE)
        await store.renew(["ada", *MANY])
        await store.renew([])
        assert await store.load(["ada", MANY[0]], Kind.PROFILE) == [state(1), None]

    async def test_a_state_without_a_decision_keeps_the_one_that_stands(self, store: Store) -> None:
        """Most batches change no decision."""
        await store.write([entry(5, decision=b"stands")])
        await store.write([entry(6)])
        assert await store.decision("ada") == b"stands"


class TestServers:
    """What only a server can show."""

    async def test_every_key_lapses(self, served: Served) -> None:
        """States outlive the longest window, decisions end with themselves."""
        await served.store.write([entry(1, account, b"decision") for account in MANY])
        assert len(await served.keys()) == 2 * len(MANY)
        for account in MANY:
            assert LIFETIME_S - 60 < await served.client.ttl(state_key(account)) <= LIFETIME_S
            lives = await served.client.pttl(decision_key(account))
            assert HOUR_MS - 60_000 < lives <= HOUR_MS

    async def test_a_write_begins_a_states_life_anew(self, served: Served) -> None:
        """An account that is still seen is not forgotten."""
        await served.store.write([entry(1)])
        await served.client.expire(state_key("ada"), 60)
        await served.store.write([entry(2)])
        assert await served.client.ttl(state_key("ada")) > LIFETIME_S - 60

    async def test_profiles_outlive_states(self, served: Served) -> None:
        """Nobody signs up twice: what was told once must be known for long."""
        await served.store.write([entry(1)], Kind.PROFILE)
        lives = await served.client.ttl(key(Kind.PROFILE, "ada"))
        assert PROFILE_LIFETIME_S - 60 < lives <= PROFILE_LIFETIME_S
        assert lives > 10 * LIFETIME_S

    async def test_renewed_profiles_live_on(self, served: Served) -> None:
        """In every shard."""
        await served.store.write([entry(1, account) for account in MANY], Kind.PROFILE)
        keys = [key(Kind.PROFILE, account) for account in MANY]
        for name in keys:
            await served.client.expire(name, 60)
        await served.store.renew(MANY)
        assert min([await served.client.ttl(name) for name in keys]) > PROFILE_LIFETIME_S - 60

    async def test_keys_carry_the_shard_as_their_hash_tag(self, served: Served) -> None:
        """State and decision of an account lie in one slot: one script writes both."""
        await served.store.write([entry(1, account, b"decision") for account in MANY])
        tags = {name.split("}")[0].split("{")[1] for name in await served.keys()}
        assert tags <= {str(shard) for shard in range(SHARDS)}
        assert len(tags) > SHARDS // 2

    async def test_a_script_that_the_server_lost_is_sent_again(self, served: Served) -> None:
        """A restarted server knows no scripts; the write goes through, and the log tells."""
        await served.store.write([entry(1)])
        await served.client.script_flush()
        with capture_logs() as logs:
            assert await served.store.write([entry(2, decision=b"d"), entry(2, "bo")]) == 0
        assert await served.store.load(["ada", "bo"]) == [state(2), state(2)]
        assert {log["event"] for log in logs} == {"store.script_missing"}

    async def test_a_value_of_another_kind_is_an_error(self, served: Served) -> None:
        """A key of ours that holds a list belongs to somebody else: nothing is overwritten."""
        await served.client.rpush(state_key("ada"), b"not ours")
        with pytest.raises(StoreError):
            await served.store.write([entry(1)])


@pytest.mark.parametrize("call", ["load", "load_all", "write", "renew", "erase", "decision"])
async def test_a_store_that_is_away_is_an_error(call: str) -> None:
    """Whatever was asked of it."""
    asked = [entry(1)] if call == "write" else "ada" if call == "decision" else ["ada"]
    async with connected(f"redis://127.0.0.1:{free_port()}/0") as served:
        with pytest.raises(StoreError):
            await getattr(served.store, call)(asked)


class TestPatience:
    """A store that is away for a while is waited for."""

    @pytest.fixture(params=SERVERS[:2])
    async def hasty(
        self, request: pytest.FixtureRequest, urls: Callable[[str], str]
    ) -> AsyncIterator[Served]:
        """A store whose client waits 50 ms for an answer."""
        async with connected(urls(request.param), store_timeout_ms=50) as served:
            await served.client.flushall()
            yield served

    async def test_a_store_that_comes_back_is_written_to(self, hasty: Served) -> None:
        """While it is frozen the gauge is up; the time counts as degraded."""
        metrics = Metrics()
        patient = PatientStore(hasty.store, metrics, longest=20.0)
        server = (await hasty.client.info("server"))["process_id"]
        os.kill(server, signal.SIGSTOP)
        try:
            writing = asyncio.create_task(patient.write([entry(1)]))
            async with asyncio.timeout(10):
                while not _degraded(metrics):  # noqa: ASYNC110 - a gauge tells nobody
                    await asyncio.sleep(0.01)
        finally:
            os.kill(server, signal.SIGCONT)
        assert await writing == 0
        assert await hasty.store.load(["ada"]) == [state(1)]
        assert not _degraded(metrics)
        assert _degraded_seconds(metrics) > 0

    async def test_a_broken_connection_is_made_anew(self, hasty: Served) -> None:
        """A server that hangs up costs one repetition."""
        patient = PatientStore(hasty.store, Metrics(), longest=20.0)
        await patient.write([entry(1)])
        await hasty.client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no")
        assert await patient.load(["ada"]) == [state(1)]

    async def test_patience_has_an_end(self) -> None:
        """Then the error is told, and the time counts as degraded all the same."""
        metrics = Metrics()
        async with connected(f"redis://127.0.0.1:{free_port()}/0") as served:
            with pytest.raises(StoreError):
                await PatientStore(served.store, metrics, longest=0.3).load(["ada"])
        assert not _degraded(metrics)
        assert _degraded_seconds(metrics) > 0

    async def test_a_store_that_answers_costs_nothing(self) -> None:
        """No time counts as degraded."""
        metrics = Metrics()
        patient = PatientStore(MemoryStore(), metrics)
        await patient.write([entry(1, decision=b"d")])
        assert await patient.load(["ada"]) == [state(1)]
        assert await patient.decision("ada") == b"d"
        assert _degraded_seconds(metrics) == 0


def _degraded(metrics: Metrics) -> bool:
    return metrics.registry.get_sample_value("sluicegate_degraded", {"dependency": "store"}) == 1


def _degraded_seconds(metrics: Metrics) -> float:
    labels = {"dependency": "store"}
    return metrics.registry.get_sample_value("sluicegate_degraded_seconds_total", labels) or 0.0
