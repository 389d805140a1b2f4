"""An API in small: it asks the edge before every request, and is told of decisions by webhook.

`python -m edge.demo.gateway --port PORT --edge URL --token FILE --key FILE` serves it on loopback.
Its caller is taken at its word about the account: in an API that comes out of authentication.
"""

import argparse
import hmac
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import time
from typing import Final

import aiohttp
import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

ACCOUNT: Final = "x-account-id"
TOKENS: Final = "x-request-tokens"
EVENT_TIME: Final = "x-event-time"
PASSED_ON: Final = ("content-type", "retry-after", "ratelimit", "ratelimit-policy")
LONGEST_ASK_S: Final = 5.0
# What the Standard Webhooks specification recommends against replays.
TOLERANCE_S: Final = 300


class Api:
    """The API, the edge that it asks, and what it has counted."""

    def __init__(self, edge: str, token: str, key: bytes) -> None:
        self._edge = edge
        self._token = token
        self._key = key
        self._session: aiohttp.ClientSession | None = None
        self.answered: Counter[str] = Counter()
        self.told: dict[str, str] = {}

    def application(self) -> Starlette:
        """The API as an ASGI application."""
        routes = [
            Route("/v1/messages", self._messages, methods=["POST"]),
            Route("/webhooks", self._webhooks, methods=["POST"]),
            Route("/counts", self._counts),
        ]
        return Starlette(routes=routes, lifespan=self._lifespan)

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        timeout = aiohttp.ClientTimeout(total=LONGEST_ASK_S)
        headers = {"authorization": f"Bearer {self._token}"}
        async with aiohttp.ClientSession(self._edge, timeout=timeout, headers=headers) as session:
            self._session = session
            yield

    async def _messages(self, request: Request) -> Response:
        assert self._session is not None  # noqa: S101 - the lifespan has begun
        async with self._session.post("/v1/check", data=_ask(request)) as check:
            body = await check.read()
            self.answered[str(check.status)] += 1
            if check.status != 200:
                headers = {n: check.headers[n] for n in PASSED_ON if n in check.headers}
                return Response(body, check.status, headers)
        held_back = msgspec.json.decode(body)["restrictions"]
        answer = {"content": "42", "reasoning": "6 times 7"}
        if "hide_reasoning" in held_back:
            del answer["reasoning"]
        return JSONResponse(answer)

    async def _webhooks(self, request: Request) -> Response:
        body = await request.body()
        if not self._is_signed(request, body):
            return Response(status_code=401)
        decision = msgspec.json.decode(body)["data"]
        self.told[decision["account_id"]] = decision["action"]
        return Response(status_code=204)

    def _is_signed(self, request: Request, body: bytes) -> bool:
        number, sent = (request.headers.get(f"webhook-{n}", "") for n in ("id", "timestamp"))
        if not sent.isdigit() or abs(time() - int(sent)) > TOLERANCE_S:
            return False
        signed = f"{number}.{sent}.".encode() + body
        expected = b"v1," + b64encode(hmac.digest(self._key, signed, "sha256"))
        given = request.headers.get("webhook-signature", "").encode().split()
        return any(hmac.compare_digest(expected, one) for one in given)

    async def _counts(self, _: Request) -> Response:
        return JSONResponse({"answered": self.answered, "told": Counter(self.told.values())})


def _ask(request: Request) -> bytes:
    ask: dict[str, str | int] = {
        "account_id": request.headers.get(ACCOUNT, ""),
        "tokens": int(request.headers.get(TOKENS, "0")),
    }
    if EVENT_TIME in request.headers:  # simulated traffic has a time of its own
        ask["ts"] = int(request.headers[EVENT_TIME])
    return msgspec.json.encode(ask)


def main() -> None:
    """Serve until a signal."""
    parser = argparse.ArgumentParser(prog="python -m edge.demo.gateway")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--edge", required=True)
    parser.add_argument("--token", type=Path, required=True)
    parser.add_argument("--key", type=Path, required=True)
    options = parser.parse_args()
    key = b64decode(options.key.read_text().removeprefix("whsec_"))
    api = Api(options.edge, options.token.read_text().strip(), key)
    uvicorn.run(
        api.application(),
        host="127.0.0.1",
        port=options.port,
        access_log=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
