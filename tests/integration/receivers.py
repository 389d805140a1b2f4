"""An endpoint that webhooks are posted to, and the process that posts them."""

import asyncio
import json
import os
import subprocess
import sys
from base64 import b64encode
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from aiohttp import web
from click.testing import Result
from standardwebhooks import Webhook
from typer.testing import CliRunner

from stream.cli import cli
from stream.demo.embedded import free_port
from stream.variables import variable
from tests.servers import Broker
from tests.topics import Topics

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0  # for anything that a test waits for, on two busy cores
SECRET = "whsec_" + b64encode(bytes(range(32))).decode()
PARTITIONS = 2

Answer = Callable[["Receiver", dict[str, Any]], web.Response | None]


@dataclass
class Receiver:
    """A server that verifies and notes what it is sent, and answers as `answer` says.

    Without an answer it says nothing at all. `heard`: decision ids by account, as they came.
    """

    answer: Answer = lambda *_: web.Response(status=204)
    heard: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    taken: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    url: str = ""

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        message = Webhook(SECRET).verify(body, dict(request.headers))
        decision = message["data"]
        assert request.headers["webhook-id"] == decision["decision_id"]
        self.heard[decision["account_id"]].append(decision["decision_id"])
        response = self.answer(self, decision)
        if response is None:
            await asyncio.sleep(PATIENCE_S)
            return web.Response()
        if response.status < 300:
            self.taken[decision["account_id"]].append(decision["decision_id"])
        return response

    def first_taken(self) -> dict[str, list[str]]:
        """The ids that were taken, by account, without repeats."""
        return {account: list(dict.fromkeys(ids)) for account, ids in self.taken.items()}

    def count(self) -> int:
        """How many different decisions were taken."""
        return sum(len(ids) for ids in self.first_taken().values())


@asynccontextmanager
async def receiving(*receivers: Receiver) -> AsyncIterator[None]:
    """The receivers listen while the block lasts."""
    runners = []
    for receiver in receivers:
        application = web.Application()
        application.router.add_post("/", receiver.handle)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        runners.append(runner)
        port = free_port()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        receiver.url = f"http://127.0.0.1:{port}/"
    try:
        yield
    finally:
        for runner in runners:
            await runner.cleanup()


@dataclass
class Deliveries:
    """The endpoints' file, the topic of decisions, and processes that deliver."""

    broker: Broker
    store_url: str
    folder: Path
    name: str
    running: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def configure(self, **endpoints: dict[str, Any]) -> None:
        """Write the file: an endpoint by its name, what is not given as tests want it."""
        usual = {
            "secrets": [{"key": SECRET}],
            "allow_http": True,
            "allow_private": True,
            "timeout_s": 20,
        }
        listed = [{"name": name, **usual, **given} for name, given in endpoints.items()]
        (self.folder / "webhooks.yaml").write_text(yaml.safe_dump({"endpoints": listed}))

    async def send(self, messages: Iterable[dict[str, Any]], source: str = "decisions") -> None:
        """Write messages to a topic, each account's into one partition."""
        values: dict[int, list[bytes]] = defaultdict(list)
        for message in messages:
            partition = sum(message["account_id"].encode()) % PARTITIONS
            values[partition].append(json.dumps(message).encode())
        await Topics(self.broker.address).fill(f"{self.name}.{source}", values)

    async def make_topics(self) -> None:
        """The topics that are read."""
        for source in ("decisions", "accounts"):
            await Topics(self.broker.address).make(f"{self.name}.{source}", PARTITIONS)

    def start(self) -> "subprocess.Popen[bytes]":
        """Start one more process that delivers."""
        with (self.folder / f"webhooks-{len(self.running)}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "stream", "webhooks"],
                env=self._environ(),
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )
        self.running.append(process)
        return process

    async def command(self, *arguments: str) -> Result:
        """Run `sluicegate webhook …`, in this process: a new one takes a second to begin."""
        words = ["webhook", *arguments]
        return await asyncio.to_thread(CliRunner().invoke, cli, words, env=self._environ())

    def _environ(self) -> dict[str, str]:
        timeout = int(self.broker.session_timeout_s * 1_000)
        told = {
            "kafka_bootstrap": self.broker.address,
            "store_url": self.store_url,
            "topic_prefix": f"{self.name}.",
            "group": self.name,
            "partitions": PARTITIONS,
            "session_timeout_ms": timeout,
            "heartbeat_ms": timeout // 4,
            "commit_interval_ms": 100,
            "web_port": free_port(),
            "webhooks": self.folder / "webhooks.yaml",
        }
        return os.environ | {variable(k): str(v) for k, v in told.items()} | {"COLUMNS": "200"}

    async def until(self, reached: Callable[[], bool]) -> None:
        """Wait until `reached`, with a bound; the logs are the message of the failure."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not reached():  # noqa: ASYNC110 - another process is waited for
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"not reached in time; the logs end:\n{self.log()}") from None

    def log(self) -> str:
        """The ends of what all processes have logged."""
        return "\n".join(path.read_text()[-3_000:] for path in sorted(self.folder.glob("*.log")))

    def end(self) -> None:
        """Kill what still runs."""
        for process in self.running:
            process.kill()
            process.wait()


def decision(account: str, number: int, **fields: Any) -> dict[str, Any]:
    """A decision as it lies in the topic."""
    return {
        "decision_id": f"{account}-{number}",
        "account_id": account,
        "event_id": f"e{number}",
        "cause": "request",
        "ts": 1_700_000_000_000 + number,
        "decided_at": 1_700_000_000_000 + number,
        "action": "block",
        "score": 0.9,
        "kyc_tier": 0,
        "kyc_score": 0.0,
        "reasons": [{"code": "c", "text": "t", "value": 1.0, "weight": 1.0}],
        "model_version": "m",
        "policy_version": "p",
        "mode": "enforce",
        "expires_at": 1_800_000_000_000,
    } | fields
