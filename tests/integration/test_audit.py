"""The audit writer as a process: killed, started again, and each message is in the chain once."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from copy import copy
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from edge.audit.record import Record, decode
from edge.audit.verify import verify
from stream.broker.topics import create_topics
from stream.bundles.roles import Deed
from stream.bundles.store import BundleStore
from stream.cli import cli
from stream.demo.embedded import free_port
from stream.settings import load_settings
from stream.variables import variable
from tests.e2e.live import on_both_pairs
from tests.integration.receivers import ROOT, decision
from tests.servers import Broker
from tests.topics import Topics
from tests.unit.ordered import pin

PATIENCE_S = 60.0
PARTITIONS = 2


class Audit:
    """Topics of the test's own, and processes that write the chains."""

    def __init__(self, broker: Broker, store_url: str, folder: Path, name: str) -> None:
        self.files = folder / "audit"
        self.topics = Topics(broker.address)
        self.told: dict[str, object] = {
            "kafka_bootstrap": broker.address,
            "store_url": store_url,
            "topic_prefix": f"{name}.",
            "partitions": PARTITIONS,
        }
        self.running: list[subprocess.Popen[bytes]] = []
        self._log = folder / "audit.log"

    async def send(self, source: str, *messages: dict[str, object] | None, key: str = "") -> None:
        """Write messages into partition 0 of a topic."""
        values = [None if m is None else json.dumps(m).encode() for m in messages]
        name = f"{self.told['topic_prefix']}{source}"
        await self.topics.fill(name, {0: values}, [key.encode()] * len(values))

    def start(self) -> "subprocess.Popen[bytes]":
        """Start a writer."""
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "stream", "audit", "write", "--files", self.files],
                env=self.environ(),
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )
        self.running.append(process)
        return process

    def beside(self) -> "Audit":
        """The same topics, other files."""
        other = copy(self)
        other.files = self.files.with_name("beside")
        return other

    def environ(self) -> dict[str, str]:
        told = {variable(k): str(v) for k, v in self.told.items()}
        return os.environ | told | {"SLUICEGATE_WEB_PORT": str(free_port())}

    def records(self) -> list[Record]:
        """The chain of partition 0, as far as it lies in the file."""
        path = self.files / "00000-000000000001.ndjson"
        lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
        return [decode(line.rstrip(b"\n")) for line in lines if line.endswith(b"\n")]

    def until(self, count: int) -> list[Record]:
        """Wait until the chain has `count` records."""
        deadline = time.monotonic() + PATIENCE_S
        while len(found := self.records()) < count:
            assert time.monotonic() < deadline, self._log.read_text()[-3_000:]
            time.sleep(0.02)
        return found

    async def read(self, account: str) -> list[str]:
        """What `sluicegate audit read` tells of an account: the ids of its decisions."""
        words = ["audit", "read", account, str(self.files)]
        told = await asyncio.to_thread(CliRunner().invoke, cli, words, env=self.environ())
        messages = map(json.loads, told.stdout.splitlines())
        return [message["decision_id"] for message in messages if "decision_id" in message]


on_embedded = pytest.mark.parametrize(
    ("broker", "store_url"), [("embedded", "embedded")], indirect=True, scope="session"
)


@pytest.fixture
async def audit(broker: Broker, store_url: str, tmp_path: Path, topic: str) -> AsyncIterator[Audit]:
    """Topics and an empty folder of the test's own."""
    made = Audit(broker, store_url, tmp_path, topic)
    await create_topics(load_settings(**made.told))
    yield made
    for process in made.running:
        process.kill()
        process.wait()


@on_both_pairs
async def test_a_killed_writer_records_each_message_once(audit: Audit) -> None:
    """Killed in the middle, its files lost: one chain, every decision in it once."""
    await audit.send("decisions", *(decision("a", n) for n in range(1_500)))
    first = audit.start()
    audit.until(1)
    first.kill()
    first.wait()
    (audit.files / "00000-000000000001.ndjson").unlink()
    await audit.send("decisions", *(decision("a", n) for n in range(1_500, 1_600)))
    await audit.send("labels", {"account_id": "a", "ts": 1, "label": "abuse"})
    await audit.send("controls", msgspec.to_builtins(pin("a")))
    second = audit.start()
    records = audit.until(1_603)
    second.terminate()
    assert second.wait(PATIENCE_S) == 0
    assert verify(audit.files, {}).wrong == []
    assert len(records) == 1_603  # a bundle, the decisions, the label, the override
    assert await audit.read("a") == [f"a-{n}" for n in range(1_600)]


@on_both_pairs
async def test_an_erased_account_can_be_read_no_more(audit: Audit) -> None:
    """Its key is gone, the chain holds, and others are as readable as before."""
    await audit.send("decisions", decision("a", 1), decision("b", 1))
    audit.start()
    audit.until(3)
    assert (await audit.read("a"), await audit.read("b")) == (["a-1"], ["b-1"])
    await audit.send("accounts", {"account_id": "a", "ts": 2, "type": "account.erased"}, key="a")
    assert audit.until(4)[-1].kind == "erasure"
    assert (await audit.read("a"), await audit.read("b")) == ([], ["b-1"])
    assert verify(audit.files, {}).wrong == []


@on_embedded
async def test_acts_with_bundles_are_recorded_once(audit: Audit, tmp_path: Path) -> None:
    """Who did what and why, by a writer that is killed in between."""
    store, version = BundleStore(tmp_path / "bundles"), "bundle-aaaaaaaaaaaa"
    audit.told["bundles"] = store.path
    store.change("promote", version, lambda r: r.promote(version), Deed("ada", "better", 7))
    first = audit.start()
    told = audit.until(1)[0]
    assert (told.kind, told.at, told.subject) == ("bundle", 7, "")
    assert told.facts["act"] == "promote"
    assert (told.facts["author"], told.facts["reason"]) == ("ada", "better")
    first.kill()
    first.wait()
    other = "bundle-bbbbbbbbbbbb"
    store.change("shadow", other, lambda roles: roles.shadow(other), Deed("bo", "", 8))
    audit.start()
    assert [record.facts["act"] for record in audit.until(2)] == ["promote", "shadow"]
    await audit.send("decisions", decision("a", 1))
    assert [record.kind for record in audit.until(4)] == ["bundle"] * 3 + ["decision"]
    assert verify(audit.files, {}).wrong == []


@on_embedded
async def test_two_writers_make_one_chain(audit: Audit) -> None:
    """Both write at once; either's files hold every decision once, and they are the same."""
    audit.start()
    other = audit.beside()
    other.start()
    for number in range(0, 400, 20):
        await audit.send("decisions", *(decision("a", n) for n in range(number, number + 20)))
    ours, others = audit.until(401), other.until(401)
    assert ours == others
    assert len({record.read["decisions"] for record in ours if record.kind == "decision"}) == 400
