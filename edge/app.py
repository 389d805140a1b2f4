"""The edge's application: the check's doors in front, the rest as FastAPI routes behind."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as CONTENT_TYPE
from starlette.exceptions import HTTPException

from edge.admission import Admission
from edge.appeals.appeal import AppealRefusedError, NoSuchAppealError, TooManyAppealsError
from edge.appeals.routes import appeals
from edge.check.described import described
from edge.check.doors import Doors
from edge.controls.campaigns import campaigns
from edge.controls.governance import governance
from edge.controls.overrides import overrides
from edge.controls.staff import Staff
from edge.front import Front
from edge.metrics import EdgeMetrics
from edge.problems import MEDIA_TYPE, problem
from schemas.errors import ConfigurationError, SluicegateError, StoreError
from stream.broker.sinks import EmitError
from stream.controls.campaigns import NoSuchCampaignError, OrderRefusedError

# What people meet who order and review; a check meets none of it.
STATUSES: Final[dict[type[SluicegateError], int]] = {
    NoSuchCampaignError: 404,
    NoSuchAppealError: 404,
    OrderRefusedError: 409,
    AppealRefusedError: 409,
    TooManyAppealsError: 429,
    StoreError: 503,
    EmitError: 503,
    ConfigurationError: 503,
}
NOT_JSON: Final = "The body must be JSON, and be called so: Content-Type: application/json."
Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


class Api(FastAPI):
    """FastAPI whose document describes the check's doors as well."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document."""
        if self.openapi_schema is None:
            self.openapi_schema = described(super().openapi())
        return self.openapi_schema


def create_app(
    doors: Doors,
    admission: Admission,
    metrics: EdgeMetrics,
    staff: Staff,
    lifespan: Lifespan | None = None,
) -> Front:
    """The whole application; `lifespan` runs around it."""
    api = Api(
        title="sluicegate edge",
        version="1",
        description="What the gateway asks. Every path but the health checks needs a token.",
        docs_url=None,  # a page that loads scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,  # to wherever the caller's Host header says
        lifespan=lifespan,
    )
    api.add_exception_handler(HTTPException, _refusing(metrics))
    api.add_exception_handler(RequestValidationError, _refuse_input)
    for kind, status in STATUSES.items():
        api.add_exception_handler(kind, _answering(status))
    _add_pages(api, metrics)
    api.include_router(campaigns(staff))
    api.include_router(overrides(staff))
    api.include_router(governance(staff))
    api.include_router(appeals(staff, metrics))
    return Front(api, doors, admission, metrics)


def _add_pages(api: FastAPI, metrics: EdgeMetrics) -> None:
    @api.get("/livez", response_class=Response)
    async def livez() -> Response:
        """The process answers."""
        return Response("ok\n", media_type="text/plain")

    @api.get("/readyz", response_class=Response)
    async def readyz() -> Response:
        """Checks are answered, while the store is away by the failure table: that is no reason to
        send the gateway nowhere.

        That nothing is counted or acted on the metrics tell, for which a token is needed: whoever
        knows it knows when to come.
        """
        return Response("ok\n", media_type="text/plain")

    @api.get("/metrics", response_class=Response)
    async def scrape() -> Response:
        """The edge's metrics in Prometheus' text format."""
        return Response(metrics.render(), headers={"content-type": CONTENT_TYPE})


def _refusing(metrics: EdgeMetrics) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def refuse(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for no other
        if error.status_code == 403:
            metrics.refusals.labels("forbidden").inc()
        body = problem(error.status_code, str(error.detail))
        headers = dict(error.headers or {})
        return Response(body, error.status_code, headers, MEDIA_TYPE)

    return refuse


def _answering(status: int) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(_: Request, error: Exception) -> Response:
        return Response(problem(status, str(error)), status, {}, MEDIA_TYPE)

    return answer


async def _refuse_input(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - it is registered for no other
    kind = request.headers.get("content-type", "").partition(";")[0]
    if request.method == "POST" and not kind.endswith("json"):
        return Response(problem(422, NOT_JSON), 422, {}, MEDIA_TYPE)
    # Where and what, never the value: it may be what must not be repeated.
    wrong = [{"at": list(e["loc"]), "what": e["msg"]} for e in error.errors()]
    return Response(problem(422, "The request is not valid.", errors=wrong), 422, {}, MEDIA_TYPE)
