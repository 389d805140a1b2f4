"""Screening of all known names against what is new on the lists."""

import hashlib
import json
import os
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from kyc.checked import SCREENING
from kyc.lists.entries import Entry
from kyc.lists.roll import Roll
from kyc.names import Seal
from kyc.screening.screener import Screener, Subject
from schemas.errors import ListError
from stream.broker.connections import producer_options, store_client
from stream.broker.sinks import EmitError
from stream.know.vault import BATCH, RedisVault
from stream.settings import Settings

# Beside the lists: which entries all names were compared with already.
COMPARED: Final = "compared.json"


class Rescreened(NamedTuple):
    """What a run did: entries that were new, accounts that were compared, reviews asked for."""

    entries: int
    accounts: int
    reviews: int


async def rescreen(settings: Settings, at: int) -> Rescreened:
    """Compare every kept name with the entries that are new since the last run, and ask for a
    review of each account that may be meant, through the topic of account events. A run that
    breaks off is repeated whole. Raises ListError, StoreError and EmitError.
    """
    roll = Roll.load(settings.lists_dir)
    if settings.lists_dir is None or not roll.version:
        raise ListError("no list of names was imported: there is nothing to compare with")
    marks = settings.lists_dir / COMPARED
    now, before = _digests(roll.entries), _read(marks)
    fresh = [entry for entry in roll.entries if before.get(entry.key) != now[entry.key]]
    screener = Screener(fresh)
    client = store_client(settings)
    vault = RedisVault(client, Seal(settings.pepper_bytes()))
    producer = AIOKafkaProducer(**producer_options(settings))
    await producer.start()
    accounts = reviews = 0
    try:
        async for batch in _batches(vault):
            accounts += len(batch)
            for account in _meant(screener, batch):
                value = _review(account, roll.version, at)
                await producer.send_and_wait(settings.topic("accounts"), value, account.encode())
                reviews += 1
    except KafkaError as error:
        raise EmitError(f"reviews: {error}") from error
    finally:
        await producer.stop()
        await client.aclose()
    _write(marks, now)
    return Rescreened(len(fresh), accounts, reviews)


Batch = list[tuple[str, list[Subject]]]


async def _batches(vault: RedisVault) -> AsyncIterator[Batch]:
    batch: Batch = []
    async for named in vault.accounts():
        batch.append(named)
        if len(batch) == BATCH:
            yield batch
            batch = []
    yield batch


def _meant(screener: Screener, batch: Batch) -> list[str]:
    """The accounts of which a name has a candidate, each once."""
    named = [(account, subject) for account, subjects in batch for subject in subjects]
    found = screener.screen([subject for _, subject in named])
    hits = (account for (account, _), some in zip(named, found, strict=True) if some)
    return list(dict.fromkeys(hits))


def _review(account: str, version: str, at: int) -> bytes:
    """The check as an account event; the same lists ask under the same id."""
    told = hashlib.sha256(f"{account} {version}".encode()).hexdigest()[:32]
    event = {"event_id": told, "account_id": account, "ts": at, "type": "identity.checked"}
    return json.dumps(event | {"vendor": SCREENING, "result": "review"}).encode()


def _digests(entries: list[Entry]) -> dict[str, str]:
    return {e.key: hashlib.sha256(msgspec.json.encode(e)).hexdigest()[:16] for e in entries}


def _read(marks: Path) -> Mapping[str, str]:
    try:
        return msgspec.json.decode(marks.read_bytes(), type=dict[str, str])
    except FileNotFoundError:
        return {}
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ListError(f"{marks}: {error}; without it all entries count as new") from error


def _write(marks: Path, digests: Mapping[str, str]) -> None:
    aside = marks.with_suffix(".new")
    with aside.open("wb") as file:
        file.write(msgspec.json.encode(digests))
        file.flush()
        os.fsync(file.fileno())
    aside.replace(marks)
