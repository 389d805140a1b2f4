"""The store: what it is, how it is set up, its clock; and what lies there of the drift."""

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from redis.exceptions import RedisError

from schemas.errors import ConfigurationError
from scorers.drift import SHIFTED, Counts, Summary
from stream.broker.connections import store_client
from stream.bundles.opening import open_chosen
from stream.doctor.check import Check, Verdict
from stream.learn.drift import posted
from stream.settings import Settings
from stream.variables import variable

if TYPE_CHECKING:
    from redis.asyncio import Redis, RedisCluster

OLDEST_STORE: Final = (7, 2)
# decided_at and expires_at are compared across machines; NTP keeps well below this.
SKEW_S: Final = 1.0
WORST: Final = 3  # features that the check of drift names


async def check_store(settings: Settings) -> list[Check]:
    """Whether it answers, what it is and how it is set up."""
    client = store_client(settings)
    try:
        info = await client.info()
        seconds, microseconds = await client.time()
        skew = time.time() - (seconds + microseconds / 1e6)
        drift = await _drift(settings, client)
    except (RedisError, OSError) as error:
        what = f"{settings.store_url}: {error}"
        return [Check("store", Verdict.FAIL, what, f"start it, or correct {variable('store_url')}")]
    finally:
        await client.aclose()
    return [_version(info), _eviction(info), _persistence(info), _clock(skew), *drift]


def _version(info: Mapping[str, Any]) -> Check:
    # Valkey tells the Redis version that it is compatible with: 7.2.4 from its first release.
    version = str(info["redis_version"])
    if tuple(int(part) for part in version.split(".")[:2]) >= OLDEST_STORE:
        name = (
            f"Valkey {info['valkey_version']}" if "valkey_version" in info else f"Redis {version}"
        )
        return Check("store", Verdict.OK, name)
    return Check("store", Verdict.FAIL, f"Redis {version}", "use Redis 7.2, Valkey 7.2, or later")


def _eviction(info: Mapping[str, Any]) -> Check:
    policy = str(info["maxmemory_policy"])
    if policy == "noeviction":
        return Check("store eviction", Verdict.OK, policy)
    remedy = "set maxmemory-policy noeviction: an evicted account is a forgotten one"
    return Check("store eviction", Verdict.WARN, policy, remedy)


def _persistence(info: Mapping[str, Any]) -> Check:
    if info["aof_enabled"]:
        return Check("store persistence", Verdict.OK, "append-only file")
    remedy = "set appendonly yes: what is lost in a restart comes back only with new events"
    return Check("store persistence", Verdict.WARN, "no append-only file", remedy)


def _clock(skew: float) -> Check:
    what = f"{skew:+.3f} s from the store's"
    if abs(skew) <= SKEW_S:
        return Check("clock", Verdict.OK, what)
    return Check("clock", Verdict.WARN, what, "let NTP set the clocks of both machines")


async def _drift(settings: Settings, client: "Redis | RedisCluster") -> list[Check]:
    try:
        model = open_chosen(settings).model
    except ConfigurationError:
        return []  # the check of the model says what is wrong with it
    if model.summary is None:
        return [Check("drift", Verdict.OK, "not known: the model holds no summary of its training")]
    counts = await posted(client, model.version, int(time.time() * 1_000))
    return [_moved(model.summary, list(counts.values()))]


def _moved(summary: Summary, counts: Sequence[Counts]) -> Check:
    if not counts:
        return Check("drift", Verdict.OK, "no worker has seen enough of this model's rows yet")
    index = summary.psi(np.sum(counts, axis=0))
    most = [f"{summary.names[n]} {index[n]:.2f}" for n in np.argsort(-index)[:WORST].tolist()]
    moved, told = int((index > SHIFTED).sum()), ", ".join(most)
    if not moved:
        return Check("drift", Verdict.OK, f"{len(counts)} workers; most: {told}")
    remedy = "look at who sends them; then train again with `sluicegate train`"
    return Check("drift", Verdict.WARN, f"features that have moved: {moved}; most: {told}", remedy)
