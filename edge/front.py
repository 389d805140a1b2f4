"""The front: what every request to the edge passes first. Who asks, how much, how fast.

Behind it lie the doors of the check, in raw ASGI, and a FastAPI application with the rest.
"""

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Final

from edge.check.bucket import Bucket
from edge.check.doors import Doors
from edge.grants import GRANT
from edge.metrics import EdgeMetrics
from edge.replies import OPEN, App, Message, Receive, Scope, Send, header, reply_problem, secured
from edge.tokens import Grant, Keyring
from edge.tokens import Scope as Allowed

MOST_BODY: Final = 64 * 1024
LONGEST_BODY_S: Final = 10.0
TOKEN: Final = b"x-sluicegate-token"


class TooLargeError(Exception):
    """A body of more than MOST_BODY bytes."""


class Front:
    """An ASGI application: authentication and bounds, then a door (scope act) or `inner`."""

    def __init__(
        self,
        inner: App,
        doors: Doors,
        keyring: Keyring,
        metrics: EdgeMetrics,
        per_second: int,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._inner = inner
        self._doors = doors
        self._keyring = keyring
        self._metrics = metrics
        self._per_second = per_second
        self._now = now
        self._rates: dict[str, Bucket] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
        elif scope["path"] in OPEN:
            await self._inner(scope, _nothing, secured(send))
        elif grant := await self._admit(scope, send):
            await self._pass(scope, receive, send, grant)

    async def _admit(self, scope: Scope, send: Send) -> Grant | None:
        # Traefik cannot add an Authorization for us without taking away the client's own.
        shown = header(scope, TOKEN)
        authorization = b"Bearer " + shown if shown else header(scope, b"authorization")
        grant = self._keyring.grant(authorization)
        if grant is None:
            self._metrics.refusals.labels("unauthorized").inc()
            challenge = ((b"www-authenticate", b"Bearer"),)
            await reply_problem(send, 401, "A bearer token is needed.", challenge)
            return None
        rate = self._rates.get(grant.name)
        if rate is None:  # as many as there are tokens in the file
            rate = self._rates[grant.name] = Bucket(self._per_second, 1_000)
        if rate.take(int(1_000 * self._now())):
            self._metrics.refusals.labels("too_fast").inc()
            await reply_problem(send, 429, "Too many requests a second.", ((b"retry-after", b"1"),))
            return None
        return grant

    async def _pass(self, scope: Scope, receive: Receive, send: Send, grant: Grant) -> None:
        try:
            body = await _body(scope, receive)
        except TooLargeError:
            self._metrics.refusals.labels("too_large").inc()
            await reply_problem(send, 413, f"A body has at most {MOST_BODY} bytes.")
            return
        except TimeoutError:
            self._metrics.refusals.labels("too_slow").inc()
            await reply_problem(send, 408, "The body took too long.")
            return
        door = self._doors.find(scope["path"])
        if door is None:
            await self._inner({**scope, GRANT: grant}, _replay(body, receive), secured(send))
        elif grant.scope < Allowed.ACT:  # a check counts: it takes from the account's quotas
            self._metrics.refusals.labels("forbidden").inc()
            await reply_problem(send, 403, "The check needs a token with the scope act.")
        else:
            await door(scope, body, send)


async def _body(scope: Scope, receive: Receive) -> bytes:
    if scope["method"] in ("GET", "HEAD") and not header(scope, b"content-length"):
        return b""
    async with asyncio.timeout(LONGEST_BODY_S):
        return await _whole(receive)


async def _whole(receive: Receive) -> bytes:
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MOST_BODY:
            raise TooLargeError
        more = message.get("more_body", False)
    return b"".join(parts)


def _replay(body: bytes, receive: Receive) -> Receive:
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again


async def _nothing() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}
