"""The demo's API: real requests are slowed and refused, and webhooks are believed when signed."""

from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import aiohttp
import msgspec
import pytest
import redis
from standardwebhooks.webhooks import Webhook

from edge.demo.run import DemoApi, ask, counts, demo_api
from edge.webhook.endpoints import load_endpoints
from stream.demo.embedded import embedded_store
from stream.keys import decision_key
from stream.settings import load_settings
from tests.unit.edges import decision

EVENT_TIME = 1_000_000  # ms; decisions of tests.unit.edges end at twice that


@pytest.fixture(scope="module")
def store() -> Iterator[str]:
    """A store of this module's own."""
    with embedded_store() as server:
        yield server.address


@pytest.fixture(scope="module")
def api(store: str) -> Iterator[DemoApi]:
    """The API with its edge."""
    with demo_api(store) as running:
        for process in running.processes:
            process.await_ready(60)
        yield running


def put(store: str, account: str, action: str, **others: Any) -> None:
    """Let a decision stand."""
    with redis.Redis.from_url(store) as client:
        client.set(decision_key(account), decision(action, mode="enforce", **others))


async def test_requests_are_slowed_and_refused(api: DemoApi, store: str) -> None:
    """As the decisions say, until they are over in event time."""
    put(store, "blocked", "block")
    limits = {"requests_per_minute": 2, "tokens_per_minute": 1_000}
    put(store, "slowed", "rate_limit", limits=limits)
    async with aiohttp.ClientSession() as session:
        free = [await ask(session, api, "free", 10, EVENT_TIME) for _ in range(3)]
        blocked = [await ask(session, api, "blocked", 10, ts) for ts in (EVENT_TIME, 2_000_000)]
        slowed = [await ask(session, api, "slowed", 10, EVENT_TIME) for _ in range(3)]
        seen = (await counts(session, api))["answered"]
    assert [reply.status for reply in free] == [200, 200, 200]
    assert [reply.status for reply in blocked] == [403, 200]
    assert [reply.status for reply in slowed] == [200, 200, 429]
    assert seen == {"200": 6, "403": 1, "429": 1}


async def test_reasoning_is_held_back(api: DemoApi, store: str) -> None:
    """A restriction is more than a header."""
    put(store, "restricted", "restrict", restrictions=["hide_reasoning"])
    async with aiohttp.ClientSession() as session:
        found = [await ask(session, api, who, 10, EVENT_TIME) for who in ("restricted", "other")]
    assert found == [(200, False), (200, True)]


@pytest.fixture
def endpoint(api: DemoApi) -> dict[str, Any]:
    """The one endpoint of the file that `sluicegate webhooks` is given, with its secret."""
    found = load_endpoints(load_settings(webhooks=api.webhooks))["demo"]
    [key] = found.keys(datetime.now(UTC))
    return {"url": found.url, "secret": "whsec_" + b64encode(key).decode()}


@pytest.mark.parametrize(("forged", "status"), [(False, 204), (True, 401)])
async def test_a_webhook_is_believed_when_signed(
    api: DemoApi, endpoint: dict[str, Any], forged: bool, status: int
) -> None:
    """By the reference implementation, with the secret of the endpoints' file."""
    now = datetime.now(UTC)
    body = msgspec.json.encode({"data": {"account_id": "a", "action": "block"}}).decode()
    headers = {
        "webhook-id": "d1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(endpoint["secret"]).sign("d1", now, body),
    }
    sent = body.replace("block", "step_up") if forged else body
    async with aiohttp.ClientSession() as session:
        async with session.post(endpoint["url"], data=sent, headers=headers) as answer:
            assert answer.status == status
        told = (await counts(session, api))["told"]
    assert "step_up" not in told
    assert forged or told["block"] == 1
