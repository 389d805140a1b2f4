"""The check over gRPC: the same answers as over HTTP, in the words of Envoy's ext_authz."""

from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest
from envoy.config.core.v3.base_pb2 import HeaderMap, HeaderValue
from envoy.service.auth.v3.external_auth_pb2 import CheckRequest, CheckResponse
from envoy.service.auth.v3.external_auth_pb2_grpc import AuthorizationStub

from edge.check.calls import MOST_BYTES, answering
from edge.check.ledger import Spent
from schemas.errors import ConfigurationError
from tests.servers import free_port
from tests.unit.edges import USED_UP, Edge, decision, open_edge


class Caller:
    """A client of an edge's calls, with a token of each scope."""

    def __init__(self, edge: Edge, channel: grpc.aio.Channel) -> None:
        self.edge = edge
        self._check = AuthorizationStub(channel).Check

    async def ask(self, *headers: tuple[str, str], scope: str = "check") -> CheckResponse:
        """What is answered about a request with these headers, each told raw."""
        told = HeaderMap(headers=[HeaderValue(key=k, raw_value=v.encode()) for k, v in headers])
        request = CheckRequest()
        request.attributes.request.http.header_map.CopyFrom(told)
        return await self.call(request, scope)

    async def call(self, request: CheckRequest, scope: str = "check") -> CheckResponse:
        shown = (("authorization", f"Bearer {self.edge.tokens.get(scope, 'wrong')}"),)
        return await self._check(request, metadata=shown, timeout=30)


@pytest.fixture
async def caller(tmp_path: Path) -> AsyncIterator[Caller]:
    """Calls to an edge whose store is a fake."""
    edge, port = open_edge(tmp_path), free_port()
    async with (
        answering(edge.doors, edge.admission, "127.0.0.1", port, grace_s=5),
        grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        yield Caller(edge, channel)


def headers(response: CheckResponse) -> dict[str, str]:
    """Those for the API, or for the client where it is refused."""
    kind = "ok_response" if response.HasField("ok_response") else "denied_response"
    return {h.header.key: h.header.value for h in getattr(response, kind).headers}


async def test_a_request_passes_with_its_restrictions(caller: Caller) -> None:
    """The API is told all of them, also those that are empty: they replace what a client says."""
    answer = Spent(True, decision("restrict", restrictions=["no_batch"]), ())
    caller.edge.ledger.answer = answer
    response = await caller.ask(("x-account-id", "a"), ("x-request-tokens", "9"))
    assert response.status.code == 0
    assert headers(response)["x-sluicegate-restrictions"] == "no_batch"
    assert headers(response)["x-sluicegate-requirements"] == ""
    [ask] = caller.edge.ledger.asked
    assert (ask.account_id, ask.tokens) == ("a", 9)


async def test_a_used_up_quota_is_told_to_the_client(caller: Caller) -> None:
    """As over HTTP: 429, when to come again, and a problem."""
    caller.edge.ledger.answer = USED_UP
    response = await caller.ask(("x-account-id", "a"))
    denied = response.denied_response
    assert (response.status.code, denied.status.code) == (7, 429)
    assert headers(response)["retry-after"] == "2"
    assert headers(response)["ratelimit"].startswith('"requests";r=0')
    assert "quota-exceeded" in denied.body


async def test_headers_without_bytes_are_read_too(caller: Caller) -> None:
    """Where Envoy was not told to encode them raw."""
    request = CheckRequest()
    request.attributes.request.http.headers["x-account-id"] = "a"
    assert (await caller.call(request)).status.code == 0
    assert caller.edge.ledger.asked[0].account_id == "a"


@pytest.mark.parametrize("given", [[], [("x-account-id", "a"), ("x-account-id", "b")]])
async def test_who_asks_must_be_clear(caller: Caller, given: list[tuple[str, str]]) -> None:
    """No account, or two: refused, and nobody is charged."""
    response = await caller.ask(*given)
    assert response.denied_response.status.code == 400
    assert caller.edge.ledger.asked == []


@pytest.mark.parametrize(("scope", "status"), [("nobody", 401), ("read", 403)])
async def test_a_token_is_needed(caller: Caller, scope: str, status: int) -> None:
    """Without it the request is refused, and not let through as if there were no edge."""
    response = await caller.ask(("x-account-id", "a"), scope=scope)
    assert (response.status.code, response.denied_response.status.code) == (7, status)
    assert caller.edge.ledger.asked == []


async def test_a_call_has_a_bound(caller: Caller) -> None:
    """What is larger is not read."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await caller.ask(("x", "a" * MOST_BYTES))
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_a_taken_port_is_told(tmp_path: Path) -> None:
    """It is not shared in silence."""
    edge, port = open_edge(tmp_path), free_port()
    parts = edge.doors, edge.admission, "127.0.0.1", port
    async with answering(*parts, grace_s=5):
        with pytest.raises(ConfigurationError, match=str(port)):
            async with answering(*parts, grace_s=5):
                pass
