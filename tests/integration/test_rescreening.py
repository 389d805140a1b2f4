"""Names are kept sealed and screened again when a list changes; erasure destroys them."""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from kyc.checked import SCREENING
from kyc.lists.folder import Folder
from kyc.lists.imports import import_list
from kyc.lists.kinds import Kind as List
from kyc.names import Seal
from kyc.screening.screener import Subject
from schemas.errors import ListError, StoreError
from stream.broker.connections import store_client
from stream.broker.topics import create_topics
from stream.keys import key
from stream.know.rescreening import rescreen
from stream.know.vault import MOST_NAMES, RedisVault, vault_key
from stream.redis_store import RedisStore
from stream.settings import Settings, load_settings
from stream.store import Kind
from tests.servers import Broker
from tests.topics import Topics
from tests.unit.gates import NOW, ListSink, registry
from tests.unit.test_accounts import news, told

PEPPER = "a pepper for this test"
SEAL = Seal(PEPPER.encode())
JANE, BO = Subject("Jane Doe"), Subject("Bo Karimov", "1971-03-02", "DE")


@pytest.fixture
async def client(store_url: str) -> AsyncIterator[Any]:
    """An empty store."""
    opened = store_client(load_settings(store_url=store_url))
    await opened.flushdb()
    yield opened
    await opened.aclose()


async def profiled(client: "Redis", *accounts: str) -> None:
    """Accounts of which something is known."""
    for account in accounts:
        await client.set(key(Kind.PROFILE, account), b"known")


async def kept(vault: RedisVault) -> dict[str, list[Subject]]:
    """Everything in the vault."""
    return {account: subjects async for account, subjects in vault.accounts()}


async def test_names_are_kept_once(client: Any) -> None:
    """However often they are told."""
    vault = RedisVault(client, SEAL)
    await profiled(client, "ada", "bo")
    for _ in range(2):
        await vault.keep({"ada": [JANE, JANE], "bo": [BO]})
    assert await kept(vault) == {"ada": [JANE], "bo": [BO]}
    assert b"Doe" not in b"".join(await client.hvals(vault_key("ada")))


async def test_names_are_bounded(client: Any) -> None:
    """An account that tells a new name with every event fills nothing."""
    vault = RedisVault(client, SEAL)
    await profiled(client, "ada")
    for start in range(0, 40, 10):
        await vault.keep({"ada": [Subject(f"Name {n}") for n in range(start, start + 10)]})
    assert len((await kept(vault))["ada"]) == MOST_NAMES


async def test_a_name_that_is_kept_takes_no_new_ones_place(client: Any) -> None:
    """Events tell all names again and again, the new one last."""
    vault = RedisVault(client, SEAL)
    await profiled(client, "ada")
    names = [Subject(f"Name {n}") for n in range(MOST_NAMES)]
    await vault.keep({"ada": names[:-1]})
    await vault.keep({"ada": names})
    assert {subject.name for subject in (await kept(vault))["ada"]} == {one.name for one in names}


async def test_names_are_forgotten(client: Any) -> None:
    """On demand, and when the account's profile is gone."""
    vault = RedisVault(client, SEAL)
    await profiled(client, "bo")
    await vault.keep({"ada": [JANE], "bo": [BO], "cy": [JANE]})
    await vault.forget(["bo"])
    assert await kept(vault) == {}
    assert [place async for place in client.scan_iter(match="*:v:*")] == []


async def test_names_of_another_pepper_are_told(client: Any) -> None:
    """Nobody is passed over in silence."""
    await profiled(client, "ada")
    await RedisVault(client, Seal(b"the pepper before")).keep({"ada": [JANE]})
    with pytest.raises(StoreError, match="of another pepper"):
        await kept(RedisVault(client, SEAL))


async def test_a_registry_keeps_names_until_erasure(client: Any) -> None:
    """Those of an erased account are gone, also when it tells them again."""
    vault = RedisVault(client, SEAL)
    store = RedisStore(client)
    keeping = replace(registry(ListSink(), store), vault=vault)
    await keeping.handle(news(told(0, name="Jane Doe"), told(1, account="bo", name="Bo Karimov")))
    assert await kept(vault) == {"ada": [JANE], "bo": [Subject("Bo Karimov")]}
    await keeping.handle(news(told(2, "account.erased", ts=NOW + 1)))
    await keeping.handle(news(told(3, name="Jane Doe", ts=NOW + 2)))
    assert await kept(vault) == {"bo": [Subject("Bo Karimov")]}


@pytest.fixture
async def settings(
    broker: Broker, topic: str, store_url: str, tmp_path: Path, client: Any
) -> Settings:
    """A broker with topics, an empty store, a folder for lists."""
    await profiled(client, "ada", "bo")
    await RedisVault(client, SEAL).keep({"ada": [JANE], "bo": [BO]})
    made = load_settings(
        kafka_bootstrap=broker.address,
        partitions=1,
        topic_prefix=f"{topic}.",
        store_url=store_url,
        pepper=PEPPER,
        lists_dir=tmp_path / "lists",
    )
    await create_topics(made)
    return made


def listed(settings: Settings, names: Sequence[str]) -> None:
    """Import a list of names."""
    assert settings.lists_dir
    rows = "".join(f'{n},1,"aka","{name}",-0-\n' for n, name in enumerate(names, 1))
    path = settings.lists_dir.with_name("alt.csv")
    path.write_text(rows)
    folder = Folder(settings.lists_dir)
    import_list(folder, List.OFAC_NAMES, [path], datetime(2026, 11, 22, tzinfo=UTC))


async def test_only_what_is_new_is_compared(settings: Settings, topics: Topics) -> None:
    """Each entry once with every name; who may be meant goes to review, through the topic."""
    listed(settings, ["KARIMOV, Bo"])
    assert await rescreen(settings, NOW) == (1, 2, 1)
    assert await rescreen(settings, NOW) == (0, 2, 0)
    listed(settings, ["KARIMOV, Bo", "DOE, Jane"])
    assert await rescreen(settings, NOW) == (1, 2, 1)
    records = (await topics.records(settings.topic("accounts")))[0]
    sent = [json.loads(record.value) for record in records]
    assert [event["account_id"] for event in sent] == ["bo", "ada"]
    assert {(event["vendor"], event["result"]) for event in sent} == {(SCREENING, "review")}
    assert "Doe" not in json.dumps(sent)


async def test_without_lists_there_is_nothing_to_do(settings: Settings) -> None:
    """It says so: an empty list would clear everybody."""
    with pytest.raises(ListError, match="no list of names"):
        await rescreen(settings, NOW)
