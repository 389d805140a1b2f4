"""A real NGINX with docs/gateways/nginx.conf, a real edge, a real store, and an API that echoes."""

import asyncio
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import redis
from aiohttp import web

from stream.store import decision_key
from tests.integration.edge_process import RunningEdge, running_edge
from tests.servers import embedded_store, free_port, missing
from tests.unit.edges import decision

CONFIGURATION = Path(__file__).parents[2] / "docs" / "gateways" / "nginx.conf"
FAR = 4_000_000_000_000  # ms, in 2096
START_S = 30.0
ADA = {"x-api-key": "key-of-ada"}
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")

pytestmark = pytest.mark.skipif(missing("nginx"), reason="apt-get install nginx")


@pytest.fixture(scope="module")
def store() -> Iterator[str]:
    """A store of this module's own."""
    with embedded_store() as url:
        yield url


@pytest.fixture(scope="module")
def edge(store: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEdge]:
    """An edge on it, which remembers no refusal."""
    folder = tmp_path_factory.mktemp("edge")
    with running_edge(folder, store, edge_denial_ms=0) as running:
        yield running


@pytest.fixture(scope="module")
def ports() -> tuple[int, int]:
    """Of NGINX and of the API behind it."""
    return free_port(), free_port()


@pytest.fixture(scope="module")
def nginx(
    edge: RunningEdge, ports: tuple[int, int], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """NGINX with the documented configuration, but for ports, token and folder; its address."""
    folder = tmp_path_factory.mktemp("nginx")
    text = CONFIGURATION.read_text()
    for documented, ours in {
        "127.0.0.1:6070": f"127.0.0.1:{edge.port}",
        "127.0.0.1:8080": f"127.0.0.1:{ports[0]}",
        "127.0.0.1:8000": f"127.0.0.1:{ports[1]}",
        "Bearer TOKEN": f"Bearer {edge.token}",
        # A busy machine is not an edge that is away.
        "100ms": "10s",
        "200ms": "20s",
        "worker_processes auto;": f"daemon off; pid {folder}/pid; worker_processes 1;",
        "http {": "http { access_log off; "
        + " ".join(f"{name}_temp_path {folder}/{name};" for name in TEMPORARY),
    }.items():
        assert documented in text
        text = text.replace(documented, ours)
    (folder / "nginx.conf").write_text(text)
    command = ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*command, "-e", "stderr"], stderr=log)
    try:
        _await_port(ports[0], folder / "log")
        yield f"http://127.0.0.1:{ports[0]}"
    finally:
        process.terminate()
        process.wait(START_S)


def _await_port(port: int, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise AssertionError(log.read_text())


@pytest.fixture
async def gateway(
    nginx: str, store: str, ports: tuple[int, int]
) -> AsyncIterator["aiohttp.ClientSession"]:
    """A client of NGINX, with an API behind it that echoes the headers which it was given."""
    with redis.Redis.from_url(store) as client:
        client.flushall()
    api = web.Application()

    async def echo(request: web.Request) -> web.Response:
        return web.json_response({k.lower(): v for k, v in request.headers.items()})

    api.router.add_route("*", "/{path:.*}", echo)
    runner = web.AppRunner(api)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", ports[1]).start()
    async with aiohttp.ClientSession(nginx) as session:
        yield session
    await runner.cleanup()


def put(store: str, account: str, action: str, **others: Any) -> None:
    """Let a decision stand."""
    fields = {"mode": "enforce", "expires_at": FAR} | others
    with redis.Redis.from_url(store) as client:
        client.set(decision_key(account), decision(action, **fields))


async def test_who_is_unknown_to_the_gateway_is_not_asked_about(gateway: Any) -> None:
    """The gateway authenticates; the edge does not."""
    async with gateway.get("/v1/messages") as answer:
        assert answer.status == 401


async def test_a_request_passes_with_its_restrictions(gateway: Any, store: str) -> None:
    """The API sees what the decision says, and not what the client made up."""
    put(store, "ada", "restrict", restrictions=["hide_reasoning"])
    made_up = {"x-sluicegate-restrictions": "none", "x-account-id": "bob"}
    async with gateway.post("/v1/messages", headers=ADA | made_up, data=b"x" * 5_000) as answer:
        assert answer.status == 200
        seen = await answer.json()
    assert seen["x-account-id"] == "ada"
    assert seen["x-sluicegate-restrictions"] == "hide_reasoning"
    assert seen["content-length"] == "5000"


async def test_a_blocked_account_gets_a_problem(gateway: Any, store: str) -> None:
    """403 with the type that says why; another account passes."""
    put(store, "ada", "block")
    async with gateway.get("/v1/messages", headers=ADA) as answer:
        assert answer.status == 403
        assert answer.content_type == "application/problem+json"
        assert (await answer.json())["type"].endswith("#abnormal-usage-detected")
    async with gateway.get("/v1/messages", headers={"x-api-key": "key-of-bob"}) as answer:
        assert answer.status == 200


async def test_a_limited_account_is_told_to_wait(gateway: Any, store: str) -> None:
    """As many as the decision grants, then 429 with Retry-After and RateLimit."""
    limits = {"requests_per_minute": 2, "tokens_per_minute": 1_000}
    put(store, "ada", "rate_limit", limits=limits)
    found = []
    for _ in range(3):
        async with gateway.get("/v1/messages", headers=ADA) as answer:
            found.append((answer.status, answer.headers, await answer.json()))
    assert [status for status, _, _ in found] == [200, 200, 429]
    assert '"decision-requests";r=1;t=' in found[0][1]["ratelimit"]
    _, headers, body = found[2]
    assert 0 < int(headers["retry-after"]) <= 30
    assert '"decision-requests";q=2;w=60' in headers["ratelimit-policy"]
    assert body["type"].endswith("#quota-exceeded")


async def test_a_step_up_reaches_the_client(gateway: Any, store: str) -> None:
    """With what is required."""
    put(store, "ada", "step_up", requirements=["verify_email", "enable_mfa"])
    async with gateway.get("/v1/messages", headers=ADA) as answer:
        assert answer.status == 403
        assert answer.headers["x-sluicegate-requirements"] == "verify_email, enable_mfa"


async def test_without_any_edge_requests_pass(gateway: Any, nginx: str, edge: RunningEdge) -> None:
    """As the configuration says. The edge is ended here: this test must be the last."""
    del nginx
    edge.process.kill()
    await asyncio.to_thread(edge.process.wait)
    async with gateway.get("/v1/messages", headers=ADA) as answer:
        assert answer.status == 200
