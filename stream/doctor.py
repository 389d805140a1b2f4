"""Is everything reachable and configured; and if not, what to do about it."""

import asyncio
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from redis.exceptions import RedisError

from kyc.lists.folder import Folder
from kyc.lists.manifest import age_limits
from schemas.errors import ConfigurationError, ListError, ModelError, PolicyError
from scorers.drift import SHIFTED, Counts, Summary
from scorers.model import Model
from scorers.shipped import SHIPPED as SHIPPED_MODEL
from stream.broker.connections import store_client
from stream.broker.topics import Finding, TopicState, check_topics
from stream.bundles.opening import chosen_content, open_chosen
from stream.decide.policy import SHIPPED as SHIPPED_POLICY
from stream.decide.policy import load_policy
from stream.decode.geography import Source, open_geography
from stream.guard import REMEDY, only_runtime, refuse_foreign_packages
from stream.learn.drift import posted
from stream.settings import Settings, variable

if TYPE_CHECKING:
    from redis.asyncio import Redis, RedisCluster

OLDEST_STORE: Final = (7, 2)
# decided_at and expires_at are compared across machines; NTP keeps well below this.
SKEW_S: Final = 1.0
OLDEST_GEOGRAPHY_DAYS: Final = 180
WORST: Final = 3  # features that the check of drift names


class Verdict(StrEnum):
    """How bad it is: only `fail` keeps the worker from running."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: what was found, and what to do unless it is ok."""

    name: str
    verdict: Verdict
    what: str
    remedy: str = ""


async def diagnose(settings: Settings) -> list[Check]:
    """Look at the installation, the files, the broker and the store; changes nothing.

    Bounded by the time limits of the broker's and the store's clients.
    """
    broker, store = await asyncio.gather(_broker(settings), _store(settings))
    own = [_packages(), _runtime(), _pepper(settings), *_deciding(settings)]
    today = date.today()  # noqa: DTZ011 - a day
    return [*own, *_lists(settings, today), *_geography(settings, today), *broker, *store]


def _packages() -> Check:
    try:
        refuse_foreign_packages()
    except ConfigurationError as error:
        return Check("packages", Verdict.FAIL, str(error).split("\n", 1)[0], REMEDY)
    return Check("packages", Verdict.OK, "every package is ours")


def _runtime() -> Check:
    try:
        return Check("runtime", Verdict.OK, only_runtime())
    except ConfigurationError as error:
        what, remedy = str(error).split("\n", 1)
        return Check("runtime", Verdict.FAIL, what, remedy)


def _pepper(settings: Settings) -> Check:
    try:
        settings.pepper_bytes()
    except ConfigurationError as error:
        return Check("pepper", Verdict.FAIL, "not set", str(error))
    return Check("pepper", Verdict.OK, "set")


def _deciding(settings: Settings) -> list[Check]:
    if settings.bundles is None:
        return [_policy(settings), _model(settings), _rules(settings)]
    try:
        bundle = open_chosen(settings)
    except ConfigurationError as error:
        remedy = "promote a bundle that `sluicegate bundle verify` accepts"
        return [Check("bundle", Verdict.FAIL, str(error), remedy)]
    what = f"{bundle.version}: {bundle.model.version}, policy {bundle.policy.version}"
    if settings.bundle_keys is None:
        remedy = f"sign bundles, and name the public keys in {variable('bundle_keys')}"
        return [Check("bundle", Verdict.WARN, f"{what}; no keys are trusted", remedy)]
    return [Check("bundle", Verdict.OK, what)]


def _policy(settings: Settings) -> Check:
    try:
        policy = load_policy(settings.policy or SHIPPED_POLICY)
    except PolicyError as error:
        remedy = f"correct the file that {variable('policy')} names"
        return Check("policy", Verdict.FAIL, str(error), remedy)
    return Check("policy", Verdict.OK, policy.version)


def _model(settings: Settings) -> Check:
    try:
        content, folder = chosen_content(settings), settings.model or SHIPPED_MODEL
        model = Model.of(content, folder, device=settings.scorer)
    except ModelError as error:
        remedy = f"train one with `sluicegate train`, and name its folder in {variable('model')}"
        if settings.scorer == "gpu":
            remedy = f"see that a GPU is there, or unset {variable('scorer')}; or {remedy}"
        return Check("model", Verdict.FAIL, str(error), remedy)
    except ConfigurationError as error:
        remedy = f"install sluicegate[gpu] in place of [cpu], or unset {variable('scorer')}"
        return Check("model", Verdict.FAIL, str(error), remedy)
    return Check("model", Verdict.OK, f"{model.version} on {model.engine}")


def _rules(settings: Settings) -> Check:
    if settings.rules is None:
        return Check("rules", Verdict.OK, "no file is named")
    from stream.rules.rulebook import load_rulebook  # noqa: PLC0415 - brings an SQL parser

    try:
        rulebook = load_rulebook(settings.rules)
    except PolicyError as error:
        remedy = f"correct the file that {variable('rules')} names"
        return Check("rules", Verdict.FAIL, str(error), remedy)
    now = time.time() * 1_000
    ended = [name for name, rule in rulebook.rules.items() if rule.ends <= now]
    if ended:
        what, remedy = f"{', '.join(ended)}: expired", "take them out, or give them another date"
        return Check("rules", Verdict.WARN, what, remedy)
    return Check("rules", Verdict.OK, f"{len(rulebook.rules):,} of them")


def _geography(settings: Settings, today: date) -> list[Check]:
    try:
        geography = open_geography(settings)
    except ConfigurationError as error:
        return [Check("geography", Verdict.FAIL, str(error), "correct the setting")]
    found = [_freshness(source, today) for source in geography.sources]
    if geography.knows_systems:
        return found
    remedy = f"name a MaxMind-format file in {variable('geo_asn')}, or send `asn` with events"
    what = "no file of AS numbers: events without `asn` are not linked by it"
    return [*found, Check("AS numbers", Verdict.WARN, what, remedy)]


def _freshness(source: Source, today: date) -> Check:
    if source.made is None:
        return Check("geography", Verdict.OK, source.name)
    what = f"{source.name} of {source.made}"
    if (today - source.made).days <= OLDEST_GEOGRAPHY_DAYS:
        return Check("geography", Verdict.OK, what)
    names = f"{variable('geo_asn')} and {variable('geo_country')}"
    remedy = f"addresses change hands: name recent files in {names}"
    return Check("geography", Verdict.WARN, what, remedy)


def _lists(settings: Settings, today: date) -> list[Check]:
    if settings.lists_dir is None:
        return [Check("lists", Verdict.OK, "the shipped ones; no name is screened")]
    try:
        manifests = Folder(settings.lists_dir).manifests()
        limits = age_limits(settings.lists_dir)
    except ListError as error:
        return [Check("lists", Verdict.FAIL, str(error), "correct the file, or import it again")]
    stale = [m for kind, m in manifests.items() if m.age_days(today) > limits.get(kind, math.inf)]
    remedy = "download it anew, then `sluicegate lists update`"
    found = [Check("lists", Verdict.WARN, f"{m.kind} of {m.dated}: stale", remedy) for m in stale]
    return found or [Check("lists", Verdict.OK, ", ".join(manifests) or "none imported yet")]


async def _broker(settings: Settings) -> list[Check]:
    try:
        states = await check_topics(settings)
    except ConfigurationError as error:
        return [Check("broker", Verdict.FAIL, str(error), "start it, or correct the setting")]
    reached = Check("broker", Verdict.OK, settings.kafka_bootstrap)
    return [reached, *(_topic(state) for state in states)]


def _topic(state: TopicState) -> Check:
    if not state.usable:
        return Check(state.name, Verdict.FAIL, state.finding, state.detail)
    if state.finding is Finding.DIFFERS:
        return Check(state.name, Verdict.WARN, state.finding, state.detail)
    if state.finding is Finding.UNKNOWN:
        return Check(state.name, Verdict.WARN, state.detail, "look at it with the broker's tools")
    return Check(state.name, Verdict.OK, state.finding)


async def _store(settings: Settings) -> list[Check]:
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
