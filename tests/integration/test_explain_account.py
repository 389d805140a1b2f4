"""`sluicegate explain` against a real store, and a real broker's topic of decisions."""

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from schemas.decisions import Action
from schemas.wire import ReasonWire
from stream.agents import Gate
from stream.broker.connections import store_client
from stream.broker.topics import create_topics
from stream.cli import cli
from stream.decide.opening import open_court
from stream.decide.statute import Floor, Standing
from stream.decode.geography import Geography
from stream.decode.hashing import KeyedHasher
from stream.explain.decision import find
from stream.link.membership import Place, seal
from stream.metrics import Metrics
from stream.redis_store import RedisStore
from stream.report.sources import TopicSource
from stream.settings import Settings, load_settings
from stream.store import Entry, Kind
from tests.servers import Broker
from tests.topics import Topics
from tests.unit.gates import DAY, MINUTE, NOW, ListSink, chunk, request
from tests.unit.reports import STORY


@pytest.fixture
def settings(store_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    """Those of the command, by its environment: one rule decides, so that something stands."""
    rules = tmp_path / "rules.yaml"
    rules.write_text(
        "rules:\n  busy:\n    where: requests_count_24h > 5\n    action: step_up\n"
        "    reason: {code: rule_busy, text: asks a lot}\n    author: jo\n    expires: 2099-01-01\n"
    )
    monkeypatch.setenv("SLUICEGATE_STORE_URL", store_url)
    monkeypatch.setenv("SLUICEGATE_RULES", str(rules))
    return load_settings(decisions="all")


def explain(*words: str) -> Result:
    return CliRunner().invoke(cli, ["explain", *words], catch_exceptions=False)


async def live(settings: Settings) -> float:
    """Ada asks, and is a member of a campaign; the score of her last decision."""
    client = store_client(settings)
    await client.flushdb()
    sink, store = ListSink(), RedisStore(client)
    gate = Gate(
        court=open_court(settings),
        hasher=KeyedHasher(b"pepper"),
        geography=Geography(),
        store=store,
        sink=sink,
        metrics=Metrics(),
    )
    await gate.handle(chunk(*(request(n, ts=NOW + n * MINUTE) for n in range(9))))
    ring = ReasonWire("campaign_member", "acts together with 11 other accounts", 12.0, 3.5)
    floor = Floor("c_1", Standing(Action.BLOCK, 0, NOW + DAY), 0.99, [ring])
    await store.write([Entry("ada", seal(floor, Place(0, 0)))], Kind.MEMBERSHIP)
    await store.close()
    return sink.decisions[-1].score


def test_an_account_is_explained_from_the_store(settings: Settings) -> None:
    """Its last score from its state alone, what stands, the rules, and the campaign's ties."""
    score = asyncio.run(live(settings))
    found = json.loads(explain("ada", "--json").stdout)
    assert found["weighed"]["score"] == score
    assert (found["requests"], found["clock"]) == (9, NOW + 8 * MINUTE)
    assert [rule["name"] for rule in found["weighed"]["rules"]] == ["busy"]
    assert found["decision"]["action"] == "step_up"
    assert found["membership"]["campaign_id"] == "c_1"


def test_people_read_what_stands_and_where_to_look_further(settings: Settings) -> None:
    """The decision with its reasons, the campaign with its ties, and the command for identity."""
    asyncio.run(live(settings))
    told = explain("ada").stdout
    assert "ada at 2026-05-28 20:34:40 UTC: 9 requests" in told
    assert "rule_busy: asks a lot [busy]" in told
    assert "member of campaign c_1, score 0.990000: block until" in told
    assert "campaign_member: acts together with 11 other accounts" in told
    assert "sluicegate kyc explain ada" in told


def test_an_account_that_never_asked_is_one_line(settings: Settings) -> None:
    """And exit code 1."""
    asyncio.run(live(settings))
    told = explain("nobody")
    assert (told.exit_code, told.stderr) == (1, "no request of nobody is remembered\n")


# The embedded broker's end offsets are below what it holds.
@pytest.mark.parametrize("broker", [pytest.param("kafka", marks=pytest.mark.kafka)], indirect=True)
async def test_a_decision_is_found_in_its_topic(broker: Broker, topic: str) -> None:
    """In whatever partition it lies; one that is not there is nothing."""
    settings = load_settings(kafka_bootstrap=broker.address, topic_prefix=f"{topic}.")
    await create_topics(settings)
    bodies = [json.dumps(decision).encode() for decision in STORY["decisions"]]
    parts = {0: bodies[:1], 5: bodies[1:]}
    await Topics(broker.address).fill(settings.topic("decisions"), parts, [b"key"] * len(bodies))
    wanted = STORY["decisions"][-1]
    found = await find(TopicSource(settings), wanted["decision_id"])
    assert found
    assert (found.decision_id, found.ts) == (wanted["decision_id"], wanted["ts"])
    assert await find(TopicSource(settings), "nowhere") is None
