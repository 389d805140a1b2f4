"""The front: who may ask what, how much and how fast; and the forms in which gateways ask."""

from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from edge.check.ledger import Spent
from edge.front import MOST_BODY
from schemas.errors import StoreError
from tests.unit.edges import NOTHING, USED_UP, Edge, FakeLedger, decision, open_edge

PAGES = (
    "/v1/check",
    "/v1/settle",
    "/v1/nginx",
    "/v1/traefik",
    "/v1/envoy/x",
    "/metrics",
    "/openapi.json",
    "/no",
)
FORMS = ("/v1/nginx", "/v1/traefik", "/v1/envoy", "/v1/envoy/v1/messages")


@pytest.fixture
def edge(tmp_path: Path) -> Edge:
    return open_edge(tmp_path)


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_needs_a_token(edge: Edge, path: str) -> None:
    """Without one nothing is told, not even whether the page exists."""
    for method in ("GET", "POST"):
        answer = await edge.request(method, path, scope="")
        assert answer.status == 401
        assert answer.headers["www-authenticate"] == "Bearer"
    assert edge.count("refused_callers_total", why="unauthorized") == 2
    assert edge.ledger.asked == []


async def test_a_token_may_come_in_a_header_of_its_own(edge: Edge) -> None:
    """For gateways that pass the client's Authorization on."""
    headers = {"x_sluicegate_token": edge.tokens["act"], "authorization": "Bearer the-clients"}
    headers["x_account_id"] = "a"
    assert (await edge.request("GET", "/v1/traefik", "", headers)).status == 200
    wrong = headers | {"x_sluicegate_token": "wrong"}
    assert (await edge.request("GET", "/v1/traefik", "", wrong)).status == 401


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
async def test_health_needs_no_token(edge: Edge, path: str) -> None:
    """Orchestrators ask without credentials."""
    answer = await edge.request("GET", path, scope="")
    assert (answer.status, answer.body) == (200, b"ok\n")


async def test_health_tells_a_stranger_nothing(edge: Edge) -> None:
    """Not that nobody is counted, nor that nothing is acted on: it would be the time to come."""
    edge.ledger.error = StoreError("gone")
    await edge.check(b'{"account_id": "a"}')
    edge.metrics.shadow.set(1)
    answer = await edge.request("GET", "/readyz", scope="")
    assert (answer.status, answer.body) == (200, b"ok\n")


async def test_no_redirect_is_made_up(edge: Edge) -> None:
    """It would lead to wherever the caller's Host says."""
    answer = await edge.get("/v1/campaigns/", "read", host="elsewhere.example")
    assert answer.status == 404
    assert "location" not in answer.headers


async def test_what_was_used_is_counted(edge: Edge) -> None:
    """Once the answer is known; it needs the scope of a check."""
    told = {"account_id": "a", "asked": 100, "used": 40}
    answer = await edge.post("/v1/settle", **told)
    assert (answer.status, answer.json()) == (200, {})
    [settlement] = edge.ledger.asked
    assert (settlement.account_id, settlement.tokens) == ("a", -60)
    assert (await edge.post("/v1/settle", "read", **told)).status == 403
    assert (await edge.get("/v1/settle")).status == 405


@pytest.mark.parametrize(
    "wrong", [{"used": -1}, {"used": 10_000_001}, {"account_id": ""}, {"x": 1}]
)
async def test_a_wrong_settlement_is_refused(edge: Edge, wrong: dict[str, object]) -> None:
    """The gateway must mend it."""
    answer = await edge.post("/v1/settle", **{"account_id": "a", "used": 1} | wrong)
    assert answer.status == 400
    assert edge.count("refused_callers_total", why="malformed") == 1
    assert edge.ledger.asked == []


async def test_what_could_not_be_counted_is_told(edge: Edge) -> None:
    """No failure table answers: the gateway may report it again."""
    edge.ledger.error = StoreError("gone")
    answer = await edge.post("/v1/settle", account_id="a", used=1)
    assert answer.status == 503
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_check_needs_more_than_reading(edge: Edge) -> None:
    """It takes from quotas."""
    assert (await edge.check(b'{"account_id": "a"}', scope="read")).status == 403
    for scope in ("check", "act", "admin"):
        assert (await edge.check(b'{"account_id": "a"}', scope)).status == 200
    assert (await edge.get("/metrics", scope="read")).status == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/campaigns"),
        ("GET", "/v1/campaigns/c-1"),
        ("POST", "/v1/campaigns/c-1/dismiss"),
        ("GET", "/v1/overrides"),
        ("POST", "/v1/overrides"),
        ("GET", "/v1/mode"),
        ("POST", "/v1/mode"),
        ("POST", "/v1/governor"),
        ("GET", "/v1/appeals"),
        ("POST", "/v1/appeals/answer"),
    ],
)
async def test_a_gateways_token_orders_nothing(edge: Edge, method: str, path: str) -> None:
    """Whoever gets hold of it cannot free an account, nor see who is watched."""
    answer = await edge.request(
        method, path, "check", {"content_type": "application/json"}, [b"{}"]
    )
    assert answer.status == 403
    assert edge.staff.heard.orders == []


@pytest.mark.parametrize("path", PAGES)
async def test_every_answer_has_the_security_headers(edge: Edge, path: str) -> None:
    """Whoever makes it: a door, the framework, or the front itself."""
    for scope in ("", "admin"):
        answer = await edge.request("GET", path, scope=scope)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("path", FORMS)
async def test_a_gateway_asks_by_headers(edge: Edge, path: str) -> None:
    """In each of the forms; the account is the one of the configured header."""
    answer = await edge.get(path, x_account_id="acc", x_request_tokens="9", x_account_tier="2")
    assert (answer.status, answer.headers["x-sluicegate-action"]) == (200, "allow")
    [ask] = edge.ledger.asked
    assert (ask.account_id, ask.tokens, ask.tier) == ("acc", 9, 2)


@pytest.mark.parametrize(
    ("path", "status"), [*((path, 429) for path in FORMS[1:]), (FORMS[0], 403)]
)
async def test_a_refusal_reaches_each_gateway(edge: Edge, path: str, status: int) -> None:
    """NGINX knows only 401 and 403, and finds the status in a header."""
    edge.ledger.answer = USED_UP
    answer = await edge.get(path, x_account_id="a")
    assert (answer.status, answer.headers["retry-after"]) == (status, "2")
    assert answer.headers["content-type"] == "application/problem+json"
    if path == "/v1/nginx":
        assert answer.headers["x-sluicegate-status"] == "429"


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS", "PROPFIND"])
async def test_envoy_asks_with_the_clients_method(edge: Edge, method: str) -> None:
    """Whatever it is."""
    answer = await edge.request(method, "/v1/envoy/v1/x", headers={"x_account_id": "a"})
    assert answer.status == 200


@pytest.mark.parametrize("path", FORMS)
async def test_a_missing_account_is_the_gateways_error(edge: Edge, path: str) -> None:
    """It is neither let through nor counted against anybody."""
    answer = await edge.get(path)
    assert answer.status == (403 if path == "/v1/nginx" else 400)
    assert "x-account-id" in answer.json()["detail"]
    assert edge.count("refused_callers_total", why="malformed") == 1
    assert edge.ledger.asked == []


async def test_a_plain_check_is_a_post(edge: Edge) -> None:
    """And says so."""
    answer = await edge.get("/v1/check")
    assert (answer.status, answer.headers["allow"]) == (405, "POST")


async def test_a_plain_check_is_answered_in_json(edge: Edge) -> None:
    """What passes, with its restrictions."""
    edge.ledger.answer = Spent(True, decision("restrict", restrictions=["no_batch"]), ())
    answer = await edge.check(b'{"account_id": "a"}')
    assert answer.json() == {"action": "restrict", "restrictions": ["no_batch"]}


async def test_a_body_may_come_in_parts(edge: Edge) -> None:
    """Put together before it is read."""
    parts = [b'{"account', b'_id":', b' "a"}']
    assert (await edge.request("POST", "/v1/check", parts=parts)).status == 200
    assert edge.ledger.asked[0].account_id == "a"


async def test_a_large_body_is_refused(edge: Edge) -> None:
    """Before it is held."""
    parts = [b" " * (MOST_BODY // 2)] * 100
    answer = await edge.request("POST", "/v1/check", parts=parts)
    assert answer.status == 413
    assert edge.count("refused_callers_total", why="too_large") == 1


async def test_a_token_has_a_rate(tmp_path: Path) -> None:
    """Beyond it a caller waits, and the others do not."""
    edge = open_edge(tmp_path, FakeLedger(NOTHING), edge_rate_max=1)
    await edge.get("/v1/traefik", x_account_id="a")
    answers = [await edge.get("/v1/traefik", x_account_id="a") for _ in range(20)]
    assert 429 in {answer.status for answer in answers}
    assert (await edge.get("/metrics", scope="read")).status == 200


async def test_nginx_is_told_in_its_words_who_may_not_ask(tmp_path: Path) -> None:
    """Whatever else than 401 and 403 it makes a 500; the status lies beside it."""
    edge = open_edge(tmp_path, FakeLedger(NOTHING), edge_rate_max=1)
    assert (await edge.get("/v1/nginx", "", x_account_id="a")).status == 401
    answers = [await edge.get("/v1/nginx", x_account_id="a") for _ in range(20)]
    told = {(answer.status, answer.headers["x-sluicegate-status"]) for answer in answers}
    assert told >= {(403, "429")}
    assert told <= {(200, "200"), (403, "429")}


async def test_errors_of_the_framework_are_problems_too(edge: Edge) -> None:
    """One form of error for the whole edge."""
    for answer in (await edge.get("/no"), await edge.request("POST", "/metrics")):
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status


async def test_the_document_has_every_door(edge: Edge) -> None:
    """What is raw ASGI is described all the same, and asks for a token."""
    document = (await edge.get("/openapi.json")).json()
    doors = {"/v1/check", "/v1/nginx", "/v1/traefik", "/v1/envoy/{path}"}
    assert doors | {"/livez", "/readyz", "/metrics"} <= set(document["paths"])
    assert document["security"] == [{"token": []}]


async def test_metrics_are_scraped(edge: Edge) -> None:
    """All of them, from the start."""
    text = (await edge.get("/metrics", scope="read")).body.decode()
    assert "sluicegate_edge_checks_total" in text
    assert all(family.documentation for family in text_string_to_metric_families(text))
