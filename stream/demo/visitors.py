"""Clients of the demo's API: a sample of the accounts' requests is really made.

Each visit is the next few requests of one account, in the order and at the times of the traffic,
so that a limit per minute is met as it would be in a busy hour. Quotas run by this machine's
clock, and the traffic is faster than that.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Sequence
from random import Random
from time import monotonic
from typing import Final

import aiohttp
import msgspec

from edge.demo.run import DemoApi, Reply, ask, counts
from stream.lines import REQUESTS, Line

EVERY_S: Final = 0.2  # from one visit to the next
REQUESTS_EACH: Final = 10
MOST_WAITING: Final = 1_000
AT_ONCE: Final = 10
POLL_S: Final = 0.05
# uvicorn closes a connection that is idle for 5 s, in the face of whoever just uses it.
IDLE_S: Final = 2.0


class Request(msgspec.Struct, gc=False):
    """What the API is told of a request."""

    account_id: str
    ts: int
    input_tokens: int = 0
    output_tokens: int = 0


_read = msgspec.json.Decoder(Request).decode


class Visitors:
    """Makes requests, and counts by account what came back, in words."""

    def __init__(self, api: DemoApi, seed: int) -> None:
        self._api = api
        self._random = Random(seed)  # noqa: S311 - a sample, no secret
        self._left: dict[str, int] = {}
        self._waiting: deque[bytes] = deque(maxlen=MOST_WAITING)
        self._next = monotonic()
        self.answered: dict[str, Counter[str]] = {}
        self.told = 0  # accounts that the API was told of by webhook

    def follow(self, burst: Sequence[Line]) -> None:
        """Choose among what the traffic just sent."""
        requests = [line for line in burst if line.topic == REQUESTS]
        if requests and monotonic() >= self._next:
            self._next += EVERY_S
            accounts = sorted({line.key.decode() for line in requests if line.key})
            self._left[self._random.choice(accounts)] = REQUESTS_EACH
        for line in requests:
            account = (line.key or b"").decode()
            if self._left.get(account):
                self._left[account] -= 1
                self._waiting.append(line.value)

    async def visit(self) -> None:
        """Make the chosen requests, until cancelled."""
        connector = aiohttp.TCPConnector(keepalive_timeout=IDLE_S)
        async with aiohttp.ClientSession(connector=connector) as session:
            while True:
                count = min(AT_ONCE, len(self._waiting))
                some = [_read(self._waiting.popleft()) for _ in range(count)]
                await asyncio.gather(*(self._ask(session, request) for request in some))
                if not some:
                    told = (await counts(session, self._api))["told"]
                    self.told = sum(told.values())
                    await asyncio.sleep(POLL_S)

    async def _ask(self, session: aiohttp.ClientSession, request: Request) -> None:
        tokens = request.input_tokens + request.output_tokens
        reply = await ask(session, self._api, request.account_id, tokens, request.ts)
        self.answered.setdefault(request.account_id, Counter())[_in_words(reply)] += 1


def _in_words(reply: Reply) -> str:
    if reply.status == 200:
        return "answered" if reply.reasoned else "answered without reasoning"
    return {403: "refused", 429: "slowed"}.get(reply.status, f"status {reply.status}")
