"""One try: a POST, and what came of it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Final, Protocol

import aiohttp

from edge.webhook.addresses import PublicResolver
from edge.webhook.delivery import Delivery
from edge.webhook.endpoints import Endpoint
from edge.webhook.schedule import retry_after
from edge.webhook.signature import headers

USER_AGENT: Final = "sluicegate-webhooks"
# Answers say nothing that is used: as much is read as lets the connection be used again.
ANSWER_BYTES: Final = 4_096
# Shorter than servers keep a connection (uvicorn 5 s, nginx 75 s): one that they close just as it
# is used again would be a failure.
IDLE_S: Final = 4.0
# RFC 9110: with these two the receiver speaks for all requests, not for one message.
BUSY: Final = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}


class Outcome(StrEnum):
    """What came of a try."""

    DELIVERED = "delivered"
    FAILED = "failed"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Answer:
    """One try's outcome in words; `wait_s`: how long the endpoint asked to be left alone."""

    outcome: Outcome
    detail: str = ""
    wait_s: float | None = None
    busy: bool = False


class Sender(Protocol):
    """What takes a delivery to its endpoint."""

    async def post(self, delivery: Delivery) -> Answer:
        """Try once; failures are answers, not errors."""


class HttpSender:
    """Posts to one endpoint over connections of its own."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        resolver = None if endpoint.allow_private else PublicResolver()
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=endpoint.concurrency, resolver=resolver, keepalive_timeout=IDLE_S
            ),
            timeout=aiohttp.ClientTimeout(total=endpoint.timeout_s),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            headers={"User-Agent": USER_AGENT, "Content-Type": "application/json"},
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def post(self, delivery: Delivery) -> Answer:
        """As Sender.post."""
        now = datetime.now(UTC)
        keys = self._endpoint.keys(now)
        if not keys:
            return Answer(Outcome.FAILED, "every secret of the endpoint has retired")
        try:
            async with self._session.post(
                self._endpoint.url,
                data=delivery.body,
                headers=headers(delivery, keys, int(now.timestamp())),
                allow_redirects=False,
            ) as response:
                await response.content.read(ANSWER_BYTES)
                return _judge(
                    response.status, retry_after(response.headers.get("Retry-After"), now)
                )
        except TimeoutError:
            return Answer(Outcome.FAILED, f"no answer within {self._endpoint.timeout_s:g} s")
        except aiohttp.ClientError as error:
            return Answer(Outcome.FAILED, f"{type(error).__name__}: {error}")


def _judge(status: int, wait_s: float | None) -> Answer:
    if 200 <= status < 300:
        return Answer(Outcome.DELIVERED)
    if status == HTTPStatus.GONE:
        return Answer(Outcome.GONE, "status 410")
    return Answer(Outcome.FAILED, f"status {status}", wait_s, status in BUSY)
