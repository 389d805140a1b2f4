"""Real gateways as docs/gateways has them, a real edge, a real store, and an API that echoes."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
import redis
from aiohttp import web

from stream.demo.embedded import embedded_store
from stream.keys import decision_key
from tests.integration.edge_process import RunningEdge, running_edge
from tests.integration.gateways import KINDS, Gateway, running
from tests.integration.standing import FAR
from tests.servers import free_port
from tests.unit.edges import decision


@dataclass(frozen=True)
class Chain:
    """What a request passes: gateway, edge and store."""

    gateway: Gateway
    edge: RunningEdge
    store: str

    def put(self, account: str, action: str, **others: Any) -> None:
        """Let a decision stand."""
        fields = {"mode": "enforce", "expires_at": FAR} | others
        with redis.Redis.from_url(self.store) as client:
            client.set(decision_key(account), decision(action, **fields))


@pytest.fixture(scope="module", params=KINDS)
def chain(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Chain]:
    """One for each kind of gateway; the edge remembers no refusal."""
    kind = KINDS[request.param]
    if kind.path() is None:
        pytest.skip(f"no {kind.program}: {kind.brings}")
    folder, grpc_port = tmp_path_factory.mktemp(kind.program), free_port()
    told = {"edge_denial_ms": 0, "edge_grpc_port": grpc_port}
    with (
        embedded_store() as store,
        running_edge(tmp_path_factory.mktemp("edge"), store.address, **told) as edge,
        running(kind, edge.port, grpc_port, edge.token, folder) as gateway,
    ):
        yield Chain(gateway, edge, store.address)


@pytest.fixture
async def client(chain: Chain) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of the gateway, with an API behind it that echoes the headers that it was given."""
    with redis.Redis.from_url(chain.store) as store:
        store.flushall()
    api = web.Application()

    async def echo(request: web.Request) -> web.Response:
        return web.json_response({k.lower(): v for k, v in request.headers.items()})

    api.router.add_route("*", "/{path:.*}", echo)
    runner = web.AppRunner(api)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", chain.gateway.api_port).start()
    async with aiohttp.ClientSession(chain.gateway.url) as session:
        await _await_routes(session, chain.gateway.known_as("bob"))
        yield session
    await runner.cleanup()


async def _await_routes(session: aiohttp.ClientSession, headers: dict[str, str]) -> None:
    """Traefik listens before it has read its routes; Envoy before it has connected."""
    async with asyncio.timeout(30):
        while True:
            async with session.get("/", headers=headers) as answer:
                if answer.status == 200:
                    return
            await asyncio.sleep(0.05)


async def test_a_request_passes_with_its_restrictions(
    client: aiohttp.ClientSession, chain: Chain
) -> None:
    """The API sees what the decision says, and not what the client made up; its body arrives."""
    chain.put("ada", "restrict", restrictions=["hide_reasoning"])
    headers = chain.gateway.known_as("ada") | {"x-sluicegate-restrictions": "none"}
    async with client.post("/v1/messages", headers=headers, data=b"x" * 5_000) as answer:
        assert answer.status == 200
        seen = await answer.json()
    assert seen["x-account-id"] == "ada"
    assert seen["x-sluicegate-restrictions"] == "hide_reasoning"
    assert seen["content-length"] == "5000"
    assert chain.edge.token not in str(seen)


async def test_a_blocked_account_gets_a_problem(
    client: aiohttp.ClientSession, chain: Chain
) -> None:
    """403 with the type that says why; another account passes."""
    chain.put("ada", "block")
    async with client.get("/v1/messages", headers=chain.gateway.known_as("ada")) as answer:
        assert answer.status == 403
        assert answer.content_type == "application/problem+json"
        assert (await answer.json())["type"].endswith("#abnormal-usage-detected")
    async with client.get("/v1/messages", headers=chain.gateway.known_as("bob")) as answer:
        assert answer.status == 200


async def test_a_limited_account_is_told_to_wait(
    client: aiohttp.ClientSession, chain: Chain
) -> None:
    """As many as the decision grants, then 429 with Retry-After and RateLimit."""
    limits = {"requests_per_minute": 2, "tokens_per_minute": 1_000}
    chain.put("ada", "rate_limit", limits=limits)
    found = []
    for _ in range(3):
        async with client.get("/v1/messages", headers=chain.gateway.known_as("ada")) as answer:
            found.append((answer.status, answer.headers, await answer.json()))
    assert [status for status, _, _ in found] == [200, 200, 429]
    _, headers, body = found[2]
    assert 0 < int(headers["retry-after"]) <= 30
    assert '"decision-requests";r=0;t=' in headers["ratelimit"]
    assert '"decision-requests";q=2;w=60' in headers["ratelimit-policy"]
    assert body["type"].endswith("#quota-exceeded")


async def test_a_step_up_reaches_the_client(client: aiohttp.ClientSession, chain: Chain) -> None:
    """With what is required."""
    chain.put("ada", "step_up", requirements=["verify_email", "enable_mfa"])
    async with client.get("/v1/messages", headers=chain.gateway.known_as("ada")) as answer:
        assert answer.status == 403
        assert answer.headers["x-sluicegate-requirements"] == "verify_email, enable_mfa"


async def test_without_any_edge_it_does_as_documented(
    client: aiohttp.ClientSession, chain: Chain
) -> None:
    """The edge is ended here: this test must be the last of its gateway."""
    chain.edge.process.kill()
    await asyncio.to_thread(chain.edge.process.wait)
    async with client.get("/v1/messages", headers=chain.gateway.known_as("ada")) as answer:
        assert answer.status == chain.gateway.kind.without_edge
