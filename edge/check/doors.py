"""The doors: one for each form in which a gateway asks. They answer as raw ASGI.

A door is a fourth of the price of a framework's route, and every request of the API goes through
one: bench/check.py has the figures.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from edge.check.asks import Ask, BadAskError, HeaderReader, read_body, read_settlement
from edge.check.desk import Desk
from edge.check.verdict import Verdict, refusal
from edge.metrics import EdgeMetrics
from edge.replies import Send, reply
from schemas.errors import StoreError
from stream.settings import Settings

Door = Callable[[Mapping[str, Any], bytes, Send], Awaitable[None]]

CHECK: Final = "/v1/check"
SETTLE: Final = "/v1/settle"
NGINX: Final = "/v1/nginx"
TRAEFIK: Final = "/v1/traefik"
# Envoy asks with the client's own path behind this one, and with the client's method.
ENVOY: Final = "/v1/envoy"
_WRONG_METHOD: Final = refusal(405, "It is a POST with a JSON body.", (b"allow", b"POST"))
_SETTLED: Final = Verdict(200, ((b"content-type", b"application/json"),), b"{}")


class Doors:
    """The forms of the check, by path."""

    def __init__(self, desk: Desk, settings: Settings, metrics: EdgeMetrics) -> None:
        self._desk = desk
        self._metrics = metrics
        self._reader = HeaderReader(settings)
        self._doors: dict[str, Door] = {
            CHECK: self._plain,
            SETTLE: self._settle,
            NGINX: self._nginx,
            TRAEFIK: self._forwarded,
            ENVOY: self._forwarded,
        }

    def find(self, path: str) -> Door | None:
        """The door at this path, None where there is none."""
        door = self._doors.get(path)
        if door is None and path.startswith(ENVOY + "/"):
            return self._forwarded
        return door

    def worded(self, path: str, verdict: Verdict) -> Verdict:
        """A verdict on who asks at `path`, as that form has it."""
        return _for_nginx(verdict) if path == NGINX else verdict

    async def ask(self, headers: Iterable[tuple[bytes, bytes]]) -> Verdict:
        """The verdict on what these headers of a gateway ask, names in lower case."""
        return await self._answer(lambda: self._reader.read(headers))

    async def _plain(self, scope: Mapping[str, Any], body: bytes, send: Send) -> None:
        if scope["method"] != "POST":
            verdict = _WRONG_METHOD
        else:
            verdict = await self._answer(lambda: read_body(body))
        await reply(send, verdict)

    async def _settle(self, scope: Mapping[str, Any], body: bytes, send: Send) -> None:
        if scope["method"] != "POST":
            verdict = _WRONG_METHOD
        else:
            verdict = await self._settled(body)
        await reply(send, verdict)

    async def _forwarded(self, scope: Mapping[str, Any], _: bytes, send: Send) -> None:
        await reply(send, await self.ask(scope["headers"]))

    async def _nginx(self, scope: Mapping[str, Any], _: bytes, send: Send) -> None:
        await reply(send, _for_nginx(await self.ask(scope["headers"])))

    async def _settled(self, body: bytes) -> Verdict:
        try:
            await self._desk.settle(read_settlement(body))
        except BadAskError as error:
            return self._refused(error)
        except StoreError as error:
            return refusal(503, str(error))
        return _SETTLED

    def _refused(self, error: BadAskError) -> Verdict:
        self._metrics.refusals.labels("malformed").inc()
        return refusal(400, str(error))

    async def _answer(self, read: Callable[[], Ask]) -> Verdict:
        try:
            ask = read()
        except BadAskError as error:
            return self._refused(error)
        return await self._desk.answer(ask)


def _for_nginx(verdict: Verdict) -> Verdict:
    # auth_request takes 2xx, 401 and 403; anything else it makes a 500. The status that the
    # client is to see goes beside it.
    status = verdict.status if verdict.status in {200, 401} else 403
    told = (b"x-sluicegate-status", str(verdict.status).encode())
    return replace(verdict, status=status, headers=(*verdict.headers, told))
