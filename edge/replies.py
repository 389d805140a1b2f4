"""Replies in raw ASGI, with the headers that every answer of the edge has."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Final

from edge.check.verdict import Verdict

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

# Nothing here is for a browser to run, frame, cache or guess the type of.
SECURITY: Final = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)
# Orchestrators ask for them without credentials, and learn nothing else.
OPEN: Final = frozenset({"/livez", "/readyz"})


async def reply(send: Send, verdict: Verdict) -> None:
    """Send a whole answer."""
    length = (b"content-length", str(len(verdict.body)).encode())
    headers = [*verdict.headers, *SECURITY, length]
    await send({"type": "http.response.start", "status": verdict.status, "headers": headers})
    await send({"type": "http.response.body", "body": verdict.body})


def secured(send: Send) -> Send:
    """A `send` that adds the security headers to whatever a framework answers."""

    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], *SECURITY]
        await send(message)

    return with_headers


def header(scope: Mapping[str, Any], name: bytes) -> bytes:
    """The first header of this name (lower case); empty where there is none."""
    return next((value for given, value in scope["headers"] if given == name), b"")
