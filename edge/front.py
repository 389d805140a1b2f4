"""The front: what every request to the edge passes first. Who asks, how much, how fast.

Behind it lie the doors of the check, in raw ASGI, and a FastAPI application with the rest.
"""

import asyncio
from typing import Final

from edge.admission import Admission, NotAdmittedError
from edge.check.doors import Doors
from edge.check.verdict import refusal
from edge.grants import GRANT
from edge.metrics import EdgeMetrics
from edge.replies import OPEN, App, Message, Receive, Scope, Send, header, reply, secured

MOST_BODY: Final = 64 * 1024
LONGEST_BODY_S: Final = 10.0
TOKEN: Final = b"x-sluicegate-token"


_TOO_LARGE: Final = refusal(413, f"A body has at most {MOST_BODY} bytes.")
_TOO_SLOW: Final = refusal(408, "The body took too long.")


class TooLargeError(Exception):
    """A body of more than MOST_BODY bytes."""


class Front:
    """An ASGI application: admission and bounds, then a door or `inner`."""

    def __init__(
        self, inner: App, doors: Doors, admission: Admission, metrics: EdgeMetrics
    ) -> None:
        self._inner = inner
        self._doors = doors
        self._admission = admission
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
        elif scope["path"] in OPEN:
            await self._inner(scope, _nothing, secured(send))
        else:
            await self._admit(scope, receive, send)

    async def _admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Traefik cannot add an Authorization for us without taking away the client's own.
        shown = header(scope, TOKEN)
        authorization = b"Bearer " + shown if shown else header(scope, b"authorization")
        door = self._doors.find(scope["path"])
        try:
            grant = self._admission.admit(authorization, checks=door is not None)
        except NotAdmittedError as error:
            await reply(send, self._doors.worded(scope["path"], error.verdict))
            return
        body = await self._bounded(scope, receive, send)
        if body is None:
            return
        if door is None:
            await self._inner({**scope, GRANT: grant}, _replay(body, receive), secured(send))
        else:
            await door(scope, body, send)

    async def _bounded(self, scope: Scope, receive: Receive, send: Send) -> bytes | None:
        """The body, or None once its sender was told that it is too large or too slow."""
        try:
            return await _body(scope, receive)
        except TooLargeError:
            self._metrics.refusals.labels("too_large").inc()
            await reply(send, _TOO_LARGE)
        except TimeoutError:
            self._metrics.refusals.labels("too_slow").inc()
            await reply(send, _TOO_SLOW)
        return None


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
