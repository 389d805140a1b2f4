"""Appeals at a real edge, store and broker: contested by the gateway, answered by a reviewer."""

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import msgspec
import pytest

from edge.tokens import Scope, create_token
from schemas.controls import Appeal, Override, decode_control
from schemas.events import LabelEvent
from schemas.wire import DecisionWire
from stream.broker.connections import store_client
from stream.broker.topics import create_topics
from stream.redis_store import RedisStore
from stream.settings import load_settings
from stream.store import Current
from tests.e2e.live import PATIENCE_S
from tests.integration.edge_process import RunningEdge, running_edge
from tests.servers import Broker, free_port
from tests.topics import Topics
from tests.unit.gates import DAY
from tests.unit.staffed import blocked

# Orders on Apache Kafka and Redis: test_controls_live.py, tests/e2e/test_campaign_orders.py.
pytestmark = pytest.mark.parametrize(
    ("broker", "store_url"), [("embedded", "embedded")], indirect=True, scope="session"
)
ADA = {"account_id": "ada", "decision_id": "d1"}


def ask(edge: RunningEdge, token: str, path: str, body: Any = None) -> tuple[int, Any]:
    """A request to the edge: status and JSON."""
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = Request(f"http://127.0.0.1:{edge.port}{path}", data, headers)
    try:
        with urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310 - http, loopback
            return answer.status, json.load(answer)
    except HTTPError as error:
        with error:
            return error.code, json.load(error)


async def test_a_wrongly_hit_account_is_let_in(
    broker: Broker, store_url: str, tmp_path: Path, topic: str
) -> None:
    """By another person's answer; it is told, learnt from, recorded, and in no topic in words."""
    told: dict[str, Any] = {
        "kafka_bootstrap": broker.address,
        "topic_prefix": f"{topic}.",
        "partitions": 2,
    }
    settings = load_settings(store_url=store_url, **told)
    await create_topics(settings)
    store = RedisStore(store_client(settings))
    await store.decree("ada", Current(blocked(expires_at=1 << 42), DAY))
    reviewer = create_token(tmp_path / "tokens", "kim", Scope.ACT)
    with running_edge(tmp_path, store_url, **told) as edge:
        assert await asyncio.to_thread(edge.check, b'{"account_id": "ada"}') == 403
        contest = ADA | {"category": "shared_network", "statement": "We are a school."}
        first = await asyncio.to_thread(ask, edge, edge.token, "/v1/appeals", contest)
        again = await asyncio.to_thread(ask, edge, edge.token, "/v1/appeals", contest)
        assert (first[0], again) == (201, (200, first[1]))
        where = "/v1/appeals/one?account_id=ada&decision_id=d1"
        _, shown = await asyncio.to_thread(ask, edge, reviewer, where)
        assert (shown["statement"], shown["decision"]["action"]) == ("We are a school.", "block")
        answer = ADA | {"verdict": "overturn", "reason": "seen the register"}
        given = await asyncio.to_thread(ask, edge, reviewer, "/v1/appeals/answer", answer)
        assert (given[0], given[1]["state"]) == (200, "overturned")
    held = await store.decision("ada")
    await store.close()
    assert held is not None
    stands = msgspec.json.decode(held, type=DecisionWire)
    assert (stands.action, stands.cause) == ("allow", "override")
    topics = Topics(broker.address)
    values = {
        name: [value for part in await topics.values(f"{topic}.{name}") for value in part]
        for name in ("labels", "decisions", "controls")
    }
    [label] = [LabelEvent.model_validate_json(value) for value in values["labels"]]
    assert (label.account_id, label.label, label.source) == ("ada", "benign", "kim")
    assert values["decisions"] == [held]
    orders = [decode_control(value) for value in values["controls"]]
    assert [type(order) for order in orders] == [Appeal, Override, Appeal]
    assert [order.author for order in orders] == ["gateway", "kim", "kim"]
    assert not any(b"school" in value for part in values.values() for value in part)


async def test_without_a_broker_nothing_is_ordered(
    broker: Broker, store_url: str, tmp_path: Path
) -> None:
    """Checks are answered; who wants to decide is told that it cannot be done now."""
    assert broker.address
    away = {"kafka_bootstrap": f"127.0.0.1:{free_port()}"}
    with running_edge(tmp_path, store_url, **away) as edge:
        assert await asyncio.to_thread(edge.check, b'{"account_id": "eve"}') == 200
        told = await asyncio.to_thread(
            ask, edge, edge.token, "/v1/campaigns/c-1/undo", {"reason": "x"}
        )
    assert told[0] == 503
    assert "SLUICEGATE_KAFKA_BOOTSTRAP" in told[1]["detail"]
