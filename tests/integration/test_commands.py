"""Commands that need a broker: topics, and traffic into them."""

import os
import subprocess
import sys

from schemas.events import RequestEvent
from stream.broker.topics import create_topics
from stream.demo.traffic import produce
from stream.lines import REQUESTS, Line
from stream.settings import Settings, load_settings
from tests.servers import Broker
from tests.topics import Topics

TIMEOUT_S = 60


def topics(broker: Broker, prefix: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run `sluicegate topics`."""
    told = {
        "SLUICEGATE_KAFKA_BOOTSTRAP": broker.address,
        "SLUICEGATE_TOPIC_PREFIX": prefix,
        "COLUMNS": "200",
    }
    return subprocess.run(
        [sys.executable, "-m", "stream", "topics", *arguments],
        env=os.environ | told,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


def test_topics_are_made_once(broker: Broker) -> None:
    """Missing: exit code 1 and nothing made; then made; then found."""
    looked = topics(broker, "commands.", "--check")
    assert looked.returncode == 1
    assert looked.stdout.count("missing") == 9
    made = topics(broker, "commands.")
    assert made.returncode == 0, made.stderr
    assert made.stdout.count("created") == 9
    assert topics(broker, "commands.", "--check").returncode == 0


def request(number: int, size: int) -> Line:
    """A request of one of five accounts, padded."""
    account = f"account-{number % 5}"
    event = RequestEvent(
        event_id=f"e{number}", account_id=account, ts=number, model="m", prompt="x" * size
    )
    body = event.model_dump_json(exclude_none=True).encode()
    return Line(REQUESTS, number, account.encode(), body, number)


async def sent(settings: Settings, requests: list[Line]) -> list[list[bytes]]:
    """The values of each partition after `requests` were sent."""
    await create_topics(settings)
    assert await produce(settings, iter(requests), rate=1e6) == len(requests)
    return await Topics(settings.kafka_bootstrap).values(settings.topic(REQUESTS))


async def test_traffic_arrives_whole_and_in_order(broker: Broker) -> None:
    """Every event once, each account in one partition and in its order, in batches or alone."""
    settings = load_settings(kafka_bootstrap=broker.address, topic_prefix="traffic.", partitions=4)
    requests = [request(n, size=60_000 if n % 40 == 0 else 20) for n in range(1_200)]
    partitions = await sent(settings, requests)
    assert sorted(v for values in partitions for v in values) == sorted(r.value for r in requests)
    for account in {r.key for r in requests}:
        mine = [r.value for r in requests if r.key == account]
        key = b'"' + (account or b"") + b'"'
        assert [[v for v in values if key in v] for values in partitions].count(mine) == 1
