"""Metrics: complete from the start, apart for each process part, behind the token."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import faust
import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from edge.audit.meters import Meters as AuditMeters
from edge.webhook.meters import Meters as WebhookMeters
from stream.demo.embedded import free_port
from stream.exposition import expose
from stream.metrics import DEPENDENCIES, OUTCOMES, STAGES, Metrics

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
PROCESSES = (Metrics, WebhookMeters, AuditMeters)
TOKEN = "t" * 16
Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def guarded() -> AsyncIterator[Client]:
    """A web application with a token and one page of its own."""
    application = web.Application()
    expose(application, Metrics(), SecretStr(TOKEN))

    async def page(_: web.Request) -> web.Response:
        return web.Response(text="private")

    application.router.add_get("/page", page)
    async with TestClient(TestServer(application)) as client:
        yield client


def exposed() -> list[Metric]:
    """What every kind of process shows."""
    shown = (kind().render().decode() for kind in PROCESSES)
    return [family for text in shown for family in text_string_to_metric_families(text)]


def test_health_tells_of_the_kill_switch() -> None:
    """Whoever looks why nothing is refused finds it there."""
    metrics = Metrics()
    assert "shadow" not in metrics.about()
    metrics.shadow.set(1)
    assert metrics.about().endswith("shadow: decisions are not to be acted on\n")


def test_every_metric_has_a_sentence() -> None:
    """What is exposed explains itself."""
    families = exposed()
    assert len(families) > 10
    assert all(
        family.documentation.endswith(".") for family in families if "_created" not in family.name
    )


def test_every_metric_is_in_the_operations_page() -> None:
    """Who runs it can look up when to look at what, and finds nothing that is gone."""
    names = {f.name + "_total" * (f.type == "counter") for f in exposed()}
    shown = {name for name in names if not name.endswith(("_created", "_created_total"))}
    assert set(re.findall(r"`(sluicegate_\w+)", OPERATIONS.read_text())) == shown


def test_series_begin_at_zero() -> None:
    """The first failure is an increase, not a new series."""
    metrics = Metrics()
    assert all(
        metrics.registry.get_sample_value("sluicegate_events_total", {"outcome": o}) == 0
        for o in OUTCOMES
    )
    assert all(
        metrics.registry.get_sample_value("sluicegate_stage_seconds_count", {"stage": s}) == 0
        for s in STAGES
    )
    assert all(
        metrics.registry.get_sample_value("sluicegate_degraded", {"dependency": d}) == 0
        for d in DEPENDENCIES
    )


def test_two_registries_share_nothing() -> None:
    """Two workers in one process, as tests have them, do not count together."""
    first, second = Metrics(), Metrics()
    first.fenced.inc()
    assert second.registry.get_sample_value("sluicegate_fenced_batches_total") == 0


async def test_metrics_need_the_token(guarded: Client) -> None:
    """Without the token nothing is told, not even whether a page exists."""
    for path in ("/metrics", "/page", "/nowhere"):
        response = await guarded.get(path)
        assert response.status == 401
        assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "given", ["Bearer wrong", f"Basic {TOKEN}", TOKEN, "Bearer ", "Bearer \xff"]
)
async def test_a_wrong_token_is_refused(guarded: Client, given: str) -> None:
    """Only the whole header, letter for letter, opens."""
    assert (await guarded.get("/metrics", headers={"Authorization": given})).status == 401


async def test_the_token_opens_every_page(guarded: Client) -> None:
    """Metrics and the application's own pages answer to it."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    scraped = await guarded.get("/metrics", headers=headers)
    assert "sluicegate_fenced_batches_total 0.0" in await scraped.text()
    assert (await guarded.get("/page", headers=headers)).status == 200


async def test_health_needs_no_token(guarded: Client) -> None:
    """Orchestrators ask without credentials, and learn nothing else."""
    assert await (await guarded.get("/healthz")).text() == "ok\n"


async def test_loopback_without_token_is_open() -> None:
    """On one machine a scrape needs no set-up."""
    application = web.Application()
    expose(application, Metrics(), None)
    async with TestClient(TestServer(application)) as client:
        assert (await client.get("/metrics")).status == 200


async def test_fausts_own_pages_are_behind_the_token() -> None:
    """The guard covers the web port of a Faust application, its index page too."""
    port = free_port()
    app = faust.App("guarded", broker="kafka://127.0.0.1:1", web_bind="127.0.0.1", web_port=port)
    expose(app.web.web_app, Metrics(), SecretStr(TOKEN))
    app.web.init_server()
    await app.web.start_server()
    try:
        async with (
            ClientSession(f"http://127.0.0.1:{port}") as session,
            session.get("/") as closed,
            session.get("/healthz") as free,
        ):
            assert (closed.status, free.status) == (401, 200)
    finally:
        await app.web.stop_server()
