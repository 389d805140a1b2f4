"""An edge without a network: a ledger that answers what it is told, and requests in raw ASGI."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from edge.admission import Admission
from edge.app import create_app
from edge.check.asks import Ask
from edge.check.desk import Desk
from edge.check.doors import Doors
from edge.check.ledger import Spent
from edge.check.quotas import Level
from edge.front import Front
from edge.metrics import EdgeMetrics
from edge.tokens import Keyring, Scope, create_token
from stream.settings import Settings, load_settings
from tests.unit.staffed import FakeStaff

_JSON = {"content_type": "application/json"}
NOTHING = Spent(True, b"", ())
USED_UP = Spent(False, b"", (Level("requests", 100, 60_000, 0, 60_000, 1_500),))
LEFT = Spent(True, b"", (Level("requests", 100, 60_000, 99, 600, 0),))


def decision(action: str, **others: Any) -> bytes:
    """A decision's message, with what the edge reads of it."""
    fields = {"decision_id": "d1", "action": action, "kyc_tier": 1, "expires_at": 2_000_000}
    return msgspec.json.encode(fields | others)


@dataclass
class FakeLedger:
    """Answers every ask with `answer`, or raises `error`, or does not answer while `hangs`."""

    answer: Spent = NOTHING
    error: Exception | None = None
    hangs: bool = False
    asked: list[Ask] = field(default_factory=list)

    async def spend(self, asks: Sequence[Ask]) -> list[Spent]:
        self.asked += asks
        if self.hangs:
            await asyncio.Event().wait()
        if self.error:
            raise self.error
        return [self.answer] * len(asks)


@dataclass(frozen=True)
class Answer:
    """What an ASGI application answered; `headers` by lower-case name."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return msgspec.json.decode(self.body)


@dataclass
class Edge:
    """An application and its parts, its fake ledger and staff, its metrics, and a token of each
    scope."""

    app: Front
    doors: Doors
    admission: Admission
    ledger: FakeLedger
    metrics: EdgeMetrics
    tokens: dict[str, str]
    file: Path
    staff: FakeStaff

    async def get(self, path: str, scope: str = "act", **headers: str) -> Answer:
        """A GET with the token of a scope; header names with underscores."""
        return await self.request("GET", path, scope, headers)

    async def check(self, body: bytes, scope: str = "act") -> Answer:
        """The plain JSON check."""
        return await self.request("POST", "/v1/check", scope, {}, [body])

    async def post(self, path: str, scope: str = "act", **body: Any) -> Answer:
        """A POST of JSON."""
        return await self.request("POST", path, scope, _JSON, [msgspec.json.encode(body)])

    async def request(
        self,
        method: str,
        path: str,
        scope: str = "act",
        headers: dict[str, str] | None = None,
        parts: Sequence[bytes] = (),
    ) -> Answer:
        """Any request; `parts` of the body one by one."""
        given = {name.replace("_", "-"): value for name, value in (headers or {}).items()}
        if scope:
            given["authorization"] = f"Bearer {self.tokens[scope]}"
        if parts:
            given.setdefault("content-length", str(sum(map(len, parts))))
        raw = [(name.encode(), value.encode("latin-1")) for name, value in given.items()]
        return await call(self.app, method, path, raw, parts)

    def count(self, name: str, **labels: str) -> float | None:
        """A metric's value."""
        return self.metrics.registry.get_sample_value(f"sluicegate_edge_{name}", labels)


def open_edge(folder: Path, ledger: FakeLedger | None = None, **settings: Any) -> Edge:
    """An edge with a token file in `folder`."""
    file = folder / "tokens"
    tokens = {s.value: create_token(file, s, s) for s in Scope}
    ledger, metrics = ledger or FakeLedger(), EdgeMetrics()
    told = edge_settings(**settings)
    staff = FakeStaff(four_eyes=told.four_eyes, most=told.appeals_max)
    doors = Doors(Desk(ledger, told, metrics), told, metrics)
    admission = Admission(Keyring(file), metrics, told.edge_rate_max)
    app = create_app(doors, admission, metrics, staff)
    return Edge(app, doors, admission, ledger, metrics, tokens, file, staff)


def edge_settings(**explicit: Any) -> Settings:
    """Settings with a budget that a busy machine cannot use up."""
    return load_settings(**{"edge_budget_ms": 1_000} | explicit)


async def call(
    app: Any, method: str, path: str, headers: list[tuple[bytes, bytes]], parts: Sequence[bytes]
) -> Answer:
    """One request to an ASGI application."""
    path, _, query = path.partition("?")
    scope = {"type": "http", "method": method, "path": path, "headers": headers}
    scope |= {
        "query_string": query.encode(),
        "root_path": "",
        "scheme": "http",
        "http_version": "1.1",
    }
    waiting = [
        {"type": "http.request", "body": part, "more_body": i < len(parts)}
        for i, part in enumerate(parts or [b""], 1)
    ]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if waiting:
            return waiting.pop(0)
        return await asyncio.get_running_loop().create_future()

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], found, b"".join(m.get("body", b"") for m in sent[1:]))
