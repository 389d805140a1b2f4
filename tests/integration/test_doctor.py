"""The doctor finds what is wrong, says what to do, and changes nothing."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from onnxruntime import get_available_providers
from redis.asyncio import Redis

from kyc.lists.folder import Folder
from kyc.lists.imports import import_list
from kyc.lists.kinds import Kind
from schemas.errors import ModelError
from scorers import model
from scorers.cuda import CUDA
from stream import guard
from stream.broker.topics import create_topics
from stream.bundles.opening import POLICY
from stream.bundles.promotion import give
from stream.bundles.roles import Deed, Roles
from stream.demo.embedded import embedded_broker, embedded_store, free_port
from stream.doctor import store
from stream.doctor.check import Check, Verdict
from stream.doctor.diagnosis import diagnose
from stream.doctor.installation import check_runtime
from stream.settings import Settings, load_settings
from tests.mmdb import write_database
from tests.unit.bundled import make_bundle, write_keys


@pytest.fixture(scope="module")
def settings() -> Iterator[Settings]:
    """A complete installation: broker, store, pepper."""
    with embedded_broker() as broker, embedded_store() as store:
        yield load_settings(
            kafka_bootstrap=broker.address, store_url=store.address, pepper="p" * 16
        )


async def examine(settings: Settings) -> dict[str, Check]:
    return {check.name: check for check in await diagnose(settings)}


async def test_a_complete_installation_does_not_fail(settings: Settings) -> None:
    """What is remarked on: the store's missing persistence, no file of AS numbers."""
    await create_topics(settings)
    checks = await examine(settings)
    assert [c.name for c in checks.values() if c.verdict is not Verdict.OK] == [
        "AS numbers",
        "store persistence",
    ]


async def test_whatever_is_not_ok_has_a_remedy() -> None:
    """Nothing configured, nothing running: every finding says what to do."""
    nowhere = f"127.0.0.1:{free_port()}"
    checks = await examine(load_settings(kafka_bootstrap=nowhere, store_url=f"redis://{nowhere}"))
    assert {checks[name].verdict for name in ("broker", "store", "pepper")} == {Verdict.FAIL}
    assert all(check.remedy for check in checks.values() if check.verdict is not Verdict.OK)


async def test_missing_topics_fail(settings: Settings) -> None:
    """The remedy is the command that makes them."""
    checks = await examine(settings.model_copy(update={"topic_prefix": "other."}))
    assert checks["other.requests"].verdict is Verdict.FAIL
    assert checks["other.requests"].remedy == "run `sluicegate topics`"


@pytest.mark.skipif(CUDA in get_available_providers(), reason="CUDA is there")
async def test_a_gpu_that_is_not_there_is_told(settings: Settings) -> None:
    """With the extra that brings it, and the setting that asks for it."""
    check = (await examine(settings.model_copy(update={"scorer": "gpu"})))["model"]
    assert check.verdict is Verdict.FAIL
    assert "sluicegate[gpu]" in check.remedy
    assert "SLUICEGATE_SCORER" in check.remedy


async def test_a_gpu_that_does_not_start_is_told(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The extra is there, the device is not: another model alone would be no remedy."""

    def gone(_: object) -> None:
        raise ModelError("no session on a GPU")

    monkeypatch.setattr(model, "open_cuda", gone)
    check = (await examine(settings.model_copy(update={"scorer": "gpu"})))["model"]
    assert check.verdict is Verdict.FAIL
    assert "unset SLUICEGATE_SCORER" in check.remedy


async def test_a_wrong_model_and_policy_are_named(settings: Settings, tmp_path: Path) -> None:
    """A folder without a model and a file that is no policy fail, each with its setting."""
    policy = tmp_path / "policy.yaml"
    policy.write_text("thresholds: 7")
    checks = await examine(settings.model_copy(update={"model": tmp_path, "policy": policy}))
    for name in ("model", "policy"):
        assert checks[name].verdict is Verdict.FAIL
        assert f"SLUICEGATE_{name.upper()}" in checks[name].remedy


async def test_the_bundle_that_decides_is_looked_at(settings: Settings, tmp_path: Path) -> None:
    """Signed by a trusted key, by nobody, or changed since."""
    key, trusted = write_keys(tmp_path)
    told = {"bundles": tmp_path / "store", "bundle_keys": trusted}
    signed = settings.model_copy(update=told)
    place, deed = make_bundle(tmp_path, key=key), Deed("ada", "", 1)
    version = give(signed, "promote", place, Roles.promote, deed).current
    assert (await examine(signed))["bundle"].verdict is Verdict.OK
    unsigned = signed.model_copy(update={"bundle_keys": None})
    check = (await examine(unsigned))["bundle"]
    assert (check.verdict, "SLUICEGATE_BUNDLE_KEYS" in check.remedy) == (Verdict.WARN, True)
    (tmp_path / "store" / version / POLICY).write_bytes(b"")
    assert (await examine(signed))["bundle"].verdict is Verdict.FAIL


async def test_an_imported_database_of_systems_is_enough(
    settings: Settings, tmp_path: Path
) -> None:
    """Nothing is missing then, though no setting names a file."""
    path = write_database(tmp_path / "as.mmdb", {"192.0.2.0/24": {"asn": "AS64500"}}, 1)
    folder = Folder(tmp_path / "lists")
    import_list(folder, Kind.SYSTEM_DATABASE, [path], datetime.now(UTC))
    assert "AS numbers" not in await examine(settings.model_copy(update={"lists_dir": folder.path}))


async def test_an_evicting_store_is_warned_of(settings: Settings) -> None:
    """A store that may drop accounts is remarked on."""
    async with Redis.from_url(settings.store_url) as client:
        await client.config_set("maxmemory-policy", "allkeys-lru")
        check = (await examine(settings))["store eviction"]
        await client.config_set("maxmemory-policy", "noeviction")
    assert (check.verdict, check.what) == (Verdict.WARN, "allkeys-lru")


@pytest.mark.parametrize(
    ("info", "verdict", "what"),
    [
        ({"redis_version": "7.0.15"}, Verdict.FAIL, "Redis 7.0.15"),
        ({"redis_version": "7.2.0"}, Verdict.OK, "Redis 7.2.0"),
        ({"redis_version": "8.2.1"}, Verdict.OK, "Redis 8.2.1"),
        ({"redis_version": "7.2.4", "valkey_version": "8.1.0"}, Verdict.OK, "Valkey 8.1.0"),
    ],
)
def test_old_stores_fail(info: dict[str, str], verdict: Verdict, what: str) -> None:
    """Redis from 7.2 on, and every Valkey."""
    check = store._version(info)
    assert (check.verdict, check.what) == (verdict, what)


async def test_a_slow_look_is_no_skew(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening the model takes long on a busy machine: the clocks are compared before."""
    ahead = 0.0

    async def slow(*_: object) -> list[Check]:
        nonlocal ahead
        ahead = 60.0
        return []

    clock = time.time
    monkeypatch.setattr(store.time, "time", lambda: clock() + ahead)
    monkeypatch.setattr(store, "_drift", slow)
    assert (await examine(settings))["clock"].verdict is Verdict.OK


@pytest.mark.parametrize(
    ("skew", "verdict"), [(0.9, Verdict.OK), (-0.9, Verdict.OK), (-2.0, Verdict.WARN)]
)
def test_a_clock_that_is_off_is_warned_of(skew: float, verdict: Verdict) -> None:
    """Either way, beyond a second."""
    assert store._clock(skew).verdict is verdict


class Installed:
    """Stands for an installed distribution."""

    def __init__(self, name: str) -> None:
        self.name = name


@pytest.mark.parametrize("names", [[], ["onnxruntime", "onnxruntime_gpu"]])
def test_one_runtime_is_needed(monkeypatch: pytest.MonkeyPatch, names: list[str]) -> None:
    """None cannot score, two overwrite one another."""
    monkeypatch.setattr(guard, "distributions", lambda: [Installed(name) for name in names])
    check = check_runtime()
    assert check.verdict is Verdict.FAIL
    assert "sluicegate[cpu]" in check.remedy


async def test_own_geography_is_dated(settings: Settings, tmp_path: Path) -> None:
    """A recent file is fine, an old one is remarked on, a broken one fails."""
    files = {"geo_asn": tmp_path / "asn.mmdb", "geo_country": tmp_path / "country.mmdb"}
    chosen = settings.model_copy(update=files)
    for age, verdict in ((1, Verdict.OK), (365, Verdict.WARN)):
        for path in files.values():
            write_database(path, {}, int(time.time()) - age * 86_400)
        assert (await examine(chosen))["geography"].verdict is verdict
    files["geo_asn"].write_bytes(b"")
    assert (await examine(chosen))["geography"].verdict is Verdict.FAIL
