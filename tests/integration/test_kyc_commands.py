"""`sluicegate kyc` against a real store."""

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from kyc.policy import load_kyc_policy
from kyc.signals import NAMES, SIGNALS
from stream.broker.connections import store_client
from stream.broker.sinks import FileSink
from stream.cli import cli
from stream.decode.geography import Geography
from stream.decode.hashing import KeyedHasher
from stream.know.census import RedisCensus
from stream.know.opening import open_registry
from stream.metrics import Metrics
from stream.redis_store import RedisStore
from stream.settings import Settings, load_settings
from tests.unit.test_accounts import news, told

PEPPER = "sixteen characters"


@pytest.fixture
def settings(store_url: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Those of the commands, by their environment."""
    monkeypatch.setenv("SLUICEGATE_STORE_URL", store_url)
    monkeypatch.setenv("SLUICEGATE_PEPPER", PEPPER)
    monkeypatch.setenv("COLUMNS", "200")
    return load_settings()


def sluicegate(*words: str) -> Result:
    return CliRunner().invoke(cli, ["kyc", *words], catch_exceptions=False)


async def live(settings: Settings, folder: Path) -> None:
    """Two accounts with one mailbox, the second with a verified telephone number."""
    client = store_client(settings)
    await client.flushdb()
    with (folder / "out").open("wb") as out, (folder / "dead").open("wb") as dead:
        registry = open_registry(
            settings,
            KeyedHasher(settings.pepper_bytes()),
            Geography(),
            RedisCensus(client),
            RedisStore(client),
            FileSink(out, dead),
            Metrics(),
        )
        await registry.handle(
            news(
                told(0, account="bo", email="ada@x.org"),
                told(1, email="ada+1@x.org"),
                told(2, "email.verified", email="ada@x.org"),
                told(3, "phone.verified", phone="+4915123456789"),
            )
        )
    await client.aclose()


async def held(settings: Settings) -> dict[bytes, list[tuple[bytes, float]]]:
    """The census: every set of claimants."""
    client = store_client(settings)
    keys = [key async for key in client.scan_iter("sg:*:n:*")]
    found = {key: await client.zrange(key, 0, -1, withscores=True) for key in keys}
    await client.aclose()
    return found


def test_an_account_is_explained(settings: Settings, tmp_path: Path) -> None:
    """Tier, proofs, and every signal with what it sees."""
    asyncio.run(live(settings, tmp_path))
    before = asyncio.run(held(settings))
    told = sluicegate("explain", "ada")
    assert told.exit_code == 0
    assert asyncio.run(held(settings)) == before  # looking changes nothing
    assert all(name in told.output for name in NAMES)
    assert SIGNALS["phone_verified"].text in told.output
    assert "phone" in told.output
    assert "ada" not in told.output


@pytest.mark.usefixtures("settings")
def test_an_account_that_is_not_known() -> None:
    """Is told, with exit code 1."""
    assert sluicegate("explain", "nobody-at-all").exit_code == 1


@pytest.mark.usefixtures("settings")
def test_the_tiers_are_printed() -> None:
    """All of them, with what they unlock."""
    told = sluicegate("tiers")
    assert told.exit_code == 0
    limits = [unlocked.requests_per_minute for unlocked in load_kyc_policy().tiers.values()]
    assert all(f"{limit:,}" in told.output for limit in limits)


def test_a_model_is_trained(tmp_path: Path) -> None:
    """On simulated sign-ups, and not over another."""
    small = ("--populations", "4", "--accounts", "150", "--days", "4")
    out = tmp_path / "model"
    assert sluicegate("train", "--out", str(out), *small).exit_code == 0
    assert {path.name for path in out.iterdir()} >= {"booster.ubj", "manifest.json"}
    with pytest.raises(Exception, match="never written over another"):
        sluicegate("train", "--out", str(out), *small)
