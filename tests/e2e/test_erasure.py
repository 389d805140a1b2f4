"""A legal erasure: found everywhere before it, nowhere after it, and others keep what they have."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from edge.erased.finding import Verdict
from edge.erased.proof import is_left, prove
from schemas.decisions import Campaign
from stream.broker.connections import producer_options, store_client
from stream.broker.sinks import KafkaSink
from stream.keys import buckets_key
from stream.keys import key as key_of
from stream.lines import ACCOUNTS, REQUESTS, Line, lines
from stream.store import Kind
from tests.e2e.live import Live, living
from tests.servers import Broker
from tests.topics import Topics

NOW = 1_780_000_000_000
GONE, STAYS = "account-that-goes", "account-that-stays"
WAIT_S = 60.0  # what the contract allows

# The embedded broker's end offsets are below what it holds.
pytestmark = [
    pytest.mark.parametrize(
        "broker", [pytest.param("kafka", marks=pytest.mark.kafka)], indirect=True, scope="session"
    ),
    pytest.mark.parametrize("store_url", ["embedded"], indirect=True, scope="session"),
]


def events(topic: str, account: str, *told: dict[str, Any]) -> Iterator[Line]:
    """Events of one account."""
    bodies = [
        {"event_id": f"{topic}-{account}-{n}", "account_id": account, "ts": NOW + n} | one
        for n, one in enumerate(told)
    ]
    return lines(topic, (json.dumps(body).encode() for body in bodies))


def life(account: str) -> list[Line]:
    """A sign-up with what others share, a few requests, and one that nobody can read."""
    signup = {"type": "account.created", "ip": "192.0.2.1", "email": f"{account}@gmail.com"}
    asked = [{"model": "m", "ip": "192.0.2.1"}] * 4
    return [
        *events(ACCOUNTS, account, signup | {"name": "Zebulon Zither"}),
        *events(REQUESTS, account, *asked, {"model": 7}),
    ]


def test_an_erased_account_is_nowhere(broker: Broker, store_url: str, tmp_path: Path) -> None:
    """Within the minute that it may take; before, the proof finds it in many places."""
    lists = tmp_path / "lists"
    lists.mkdir()  # with a folder of lists, sealed names are kept
    with living(broker, store_url, tmp_path, "erasure", lists_dir=str(lists)) as live:
        before, after, others = asyncio.run(_run(live))
    assert {
        "store: profile",
        "store: windows of requests",
        "store: membership of a campaign",
        "store: notice of the linker",
        "store: pardon of a campaign",
        "store: quotas used",
        "store: sealed names",
        "store: census of shared values",
        "topic erasure.decisions",
        "topic erasure.campaigns",
        "topic erasure.touches",
        "topic erasure.controls",
    } == before[Verdict.LEFT]
    assert after[Verdict.LEFT] == set()
    assert {f"topic erasure.{name}" for name in ("requests", "accounts", "dead-letters")} <= after[
        Verdict.AGES
    ]
    assert {"store: profile", "store: census of shared values"} <= others[Verdict.LEFT]


Places = dict[Verdict, set[str]]


async def _run(live: Live) -> tuple[Places, Places, Places]:
    live.start()
    live.start("linker")
    await live.send([*life(GONE), *life(STAYS)], 1_000.0)
    await live.all_done()
    await _plant(live)
    before = await _proof(live, GONE, 0)
    await live.send(events(ACCOUNTS, GONE, {"type": "account.erased", "event_id": "end"}), 1_000.0)
    after = await _proof(live, GONE, WAIT_S)
    others = await _proof(live, STAYS, 0)
    return before, after, others


async def _plant(live: Live) -> None:
    """What only a campaign or a person would bring about."""
    settings, client = live.settings(), store_client(live.settings())
    kinds = (Kind.MEMBERSHIP, Kind.NOTICE, Kind.PARDON)
    for planted in (*(key_of(kind, GONE) for kind in kinds), buckets_key(GONE)):
        await client.set(planted, b"planted")
    await client.aclose()
    topics = Topics(live.broker.address)
    order = {"kind": "override", "subject": "account", "value": GONE, "action": "block"}
    order |= {"author": "a", "reason": "r", "ts": NOW, "expires_at": NOW + 1}
    key = f"override:account:{GONE}".encode()
    await topics.fill(settings.topic("controls"), {0: [json.dumps(order).encode()]}, [key])
    record = Campaign(
        campaign_id="c-over",
        ts=NOW,
        status="closed",
        first_seen=NOW,
        last_seen=NOW,
        detected_at=NOW,
        accounts=2,
        requests=2,
        tokens=2,
        capabilities={},
        models={},
        links=[],
        countries={},
        members_added=[GONE, STAYS],
        sample_accounts=[STAYS, GONE],
        score=0.9,
    )
    async with AIOKafkaProducer(**producer_options(settings)) as producer:
        await KafkaSink(producer, settings.topic).record([record])


async def _proof(live: Live, account: str, wait_s: float) -> Places:
    found = await prove(live.settings(), account, wait_s, lambda *_: None)
    assert is_left(found) == any(one.verdict is Verdict.LEFT for one in found)
    return {verdict: {one.place for one in found if one.verdict is verdict} for verdict in Verdict}
