"""Exposition: a process's metrics and health on its web port, behind the bearer token."""

import hmac
from collections.abc import Callable
from typing import Protocol

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as CONTENT_TYPE
from pydantic import SecretStr


class Rendered(Protocol):
    """The metrics of a process, of whichever kind."""

    def render(self) -> bytes:
        """Everything in Prometheus' text format 0.0.4."""


def expose(
    application: web.Application,
    metrics: Rendered,
    token: SecretStr | None,
    about: Callable[[], str] = str,
) -> None:
    """Put `/metrics` and `/healthz` on an application, all but the latter behind the token.

    Works for Faust's own web port (`app.web.web_app`), before it starts. Without a token
    nothing is asked: settings refuse that on any address but loopback. `about`: what else
    `/healthz` tells.
    """
    if token is not None:
        application.middlewares.append(_guard(token))

    async def scrape(_: web.Request) -> web.Response:
        return web.Response(body=metrics.render(), headers={"Content-Type": CONTENT_TYPE})

    async def healthy(_: web.Request) -> web.Response:
        return web.Response(text=f"ok\n{about()}")

    application.router.add_get("/metrics", scrape)
    application.router.add_get("/healthz", healthy)


def _guard(token: SecretStr) -> Middleware:
    expected = f"Bearer {token.get_secret_value()}".encode()

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        if request.path == "/healthz" or hmac.compare_digest(given, expected):
            return await handler(request)
        raise web.HTTPUnauthorized(headers={"WWW-Authenticate": "Bearer"})

    return guard
