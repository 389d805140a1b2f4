"""One try: signed as the reference verifies it, bounded, and never into our own network."""

import asyncio
import json
import socket
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import msgspec
import pytest
import yaml
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError
from typer.testing import CliRunner

from edge.webhook.addresses import PublicResolver, is_public
from edge.webhook.delivery import delivery, pack, read_notice, unpack
from edge.webhook.endpoints import Endpoint
from edge.webhook.progress import Progress
from edge.webhook.sample import sample
from edge.webhook.schedule import JITTER, LONGEST_S, RETRIES_S, delay, retry_after
from edge.webhook.sender import Answer, HttpSender, Outcome
from edge.webhook.signature import headers
from schemas import decisions
from schemas.errors import MalformedEventError
from stream.cli import cli

KEY = b"k" * 24
NOW = datetime(2026, 1, 1, tzinfo=UTC)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def secret(key: bytes) -> str:
    """A key as the specification writes it."""
    return "whsec_" + b64encode(key).decode()


def endpoint(url: str, **fields: object) -> Endpoint:
    """An endpoint that may lie on this machine."""
    usual = {"allow_http": True, "allow_private": True, "secrets": [{"key": secret(KEY)}]}
    return Endpoint(**{"name": "gateway", "url": url} | usual | fields)


async def post(url: str, **fields: object) -> Answer:
    """One try of a sample."""
    sender = HttpSender(endpoint(url, **fields))
    try:
        return await sender.post(sample())
    finally:
        await sender.close()


@asynccontextmanager
async def answering(handler: Handler) -> AsyncIterator[str]:
    """A server that answers as `handler` does; its URL."""
    application = web.Application()
    application.router.add_post("/", handler)
    async with TestServer(application) as server:
        yield str(server.make_url("/"))


def told(status: int, **extra: str) -> Handler:
    """Answers with a status."""

    async def handler(_: web.Request) -> web.Response:
        return web.Response(status=status, headers=extra)

    return handler


def test_the_reference_verifies_every_key() -> None:
    """While a secret is replaced, a receiver with either of them accepts the webhook."""
    made, seconds = sample(), int(datetime.now(UTC).timestamp())
    signed = headers(made, [KEY, b"o" * 32], seconds)
    for key in (KEY, b"o" * 32):
        assert Webhook(secret(key)).verify(made.body, signed)["type"] == "decision.changed"
    with pytest.raises(WebhookVerificationError):
        Webhook(secret(b"x" * 32)).verify(made.body, signed)


def test_the_body_keeps_the_contract() -> None:
    """The model of the contract reads it, and the id is the decision's."""
    made = sample()
    body = decisions.Webhook.model_validate_json(made.body)
    assert body.data.decision_id == made.decision_id
    assert datetime.fromisoformat(body.timestamp).timestamp() * 1_000 == body.data.decided_at


def test_a_delivery_survives_the_store() -> None:
    """What is packed is read back, and begins with its offset."""
    message = msgspec.json.encode(json.loads(sample().body)["data"])
    made = delivery(read_notice(message), message, 3, 17).failed("status 500")
    assert unpack(pack(made)) == made
    assert pack(made)[:8] == (17).to_bytes(8)


@pytest.mark.parametrize("message", [b"", b"{}", b"\xff", b'{"decision_id": 1}'])
def test_what_is_no_decision_is_refused(message: bytes) -> None:
    """With an error that says so."""
    with pytest.raises(MalformedEventError, match="not a decision"):
        read_notice(message)


@pytest.mark.parametrize(
    "wrong",
    [{"decision_id": i} for i in ("", "a\n", "a\r\nx: y", "a\0", "ü", "x" * 257)]
    + [{"decided_at": at} for at in (-1, 10**18)],
)
def test_a_decision_that_no_webhook_can_carry_is_refused(wrong: dict[str, object]) -> None:
    """Its id goes into a header, its time into the body: one that breaks them would end the
    process for every endpoint, and again after each restart."""
    good = json.loads(sample().body)["data"]
    with pytest.raises(MalformedEventError, match="not a decision"):
        read_notice(msgspec.json.encode(good | wrong))


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(200, "delivered"), (204, "delivered"), (400, "failed"), (500, "failed"), (410, "gone")],
)
async def test_the_status_says_what_came_of_it(status: int, outcome: str) -> None:
    """2xx is delivered, 410 gone, everything else failed."""
    async with answering(told(status)) as url:
        assert (await post(url)).outcome == outcome


async def test_a_redirect_is_a_failure() -> None:
    """It could lead anywhere."""
    async with answering(told(307, Location="http://127.0.0.1:1/")) as url:
        assert await post(url) == Answer(Outcome.FAILED, "status 307")


async def test_a_busy_endpoint_says_for_how_long() -> None:
    """429 and 503 speak for all that would be sent."""
    async with answering(told(503, **{"Retry-After": "7"})) as url:
        assert await post(url) == Answer(Outcome.FAILED, "status 503", 7.0, busy=True)


async def test_silence_ends_with_the_time_limit() -> None:
    """A receiver that accepts and says nothing is a failure, in words."""

    async def silent(_: web.Request) -> web.Response:
        await asyncio.sleep(30)
        return web.Response()

    async with answering(silent) as url:
        answer = await post(url, timeout_s=0.2)
    assert answer == Answer(Outcome.FAILED, "no answer within 0.2 s")


async def test_without_a_valid_secret_nothing_is_sent() -> None:
    """An unsigned webhook is one that anybody could have sent."""
    retired = {"key": secret(KEY), "until": "2020-01-01T00:00:00Z"}
    answer = await post("http://127.0.0.1:1/", secrets=[retired])
    assert answer.detail == "every secret of the endpoint has retired"


async def test_a_name_of_this_machine_is_refused() -> None:
    """The name is public, the address is not: nothing is connected to."""
    async with answering(told(200)) as url:
        named = url.replace("127.0.0.1", "localhost")
        answer = await post(named, allow_private=False)
    assert answer.outcome is Outcome.FAILED
    assert "not public" in answer.detail


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104 - as an address to refuse
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "ff02::1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
    ],
)
def test_addresses_inside_are_not_public(address: str) -> None:
    """Nor those that carry one of them inside."""
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700:4700::1111", "64:ff9b::101:101"])
def test_addresses_outside_are_public(address: str) -> None:
    """And those that carry one of them."""
    assert is_public(ip_address(address))


class Answers(AbstractResolver):
    """Resolves every name to the same addresses."""

    def __init__(self, *addresses: str) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=a, port=port, family=family, proto=0, flags=0)
            for a in self._addresses
        ]

    async def close(self) -> None:
        """Nothing is open."""


async def test_one_private_address_spoils_a_name() -> None:
    """Which of them would be connected to is not ours to choose."""
    assert len(await PublicResolver(Answers("1.1.1.1", "8.8.8.8")).resolve("x")) == 2
    with pytest.raises(OSError, match="not public"):
        await PublicResolver(Answers("1.1.1.1", "10.0.0.1")).resolve("x")


def test_the_schedule_takes_a_day() -> None:
    """So that somebody can be woken before anything is given up."""
    assert 24 * 3_600 <= sum(RETRIES_S) <= 25 * 3_600
    assert list(RETRIES_S) == sorted(RETRIES_S)


@given(tries=st.integers(1, len(RETRIES_S)), chance=st.floats(0, 1))
def test_delays_spread_around_the_schedule(tries: int, chance: float) -> None:
    """By the jitter, up and down."""
    wait = delay(RETRIES_S, tries, None, lambda: chance)
    assert wait == pytest.approx(RETRIES_S[tries - 1], rel=JITTER + 1e-9)


def test_the_last_try_has_no_next() -> None:
    """After it the delivery is dead."""
    assert delay([1.0], 2, 60.0, lambda: 0.5) is None


def test_retry_after_is_never_undercut() -> None:
    """The endpoint knows best when it is back."""
    assert delay([1.0], 1, 60.0, lambda: 0.0) == 60.0
    assert delay([100.0], 1, 60.0, lambda: 0.5) == 100.0


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("120", 120.0),
        ("0", 0.0),
        ("9" * 400, LONGEST_S),
        ("Thu, 01 Jan 2026 00:01:00 GMT", 60.0),
        ("Wed, 31 Dec 2025 00:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    """As RFC 9110 has it; what is neither says nothing, and nothing is for longer than a day."""
    assert retry_after(header, NOW) == seconds


@given(st.lists(st.integers(0, 50), unique=True).map(sorted), st.randoms())
def test_progress_is_the_lowest_that_is_not_done(offsets: list[int], rng: object) -> None:
    """Whatever the order in which they are done."""
    progress, left = Progress(), list(offsets)
    for offset in offsets:
        progress.begin(offset)
    rng.shuffle(done := list(offsets))  # type: ignore[attr-defined]
    for offset in done:
        left.remove(offset)
        progress.finish(offset)
        assert progress.position == (left[0] if left else offsets[-1] + 1)
    assert offsets or progress.position is None


@pytest.mark.parametrize(
    ("status", "code", "said"), [(200, 0, "delivered"), (500, 1, "status 500")]
)
async def test_an_endpoint_is_tried_out_by_command(
    tmp_path: Path, status: int, code: int, said: str
) -> None:
    """What came of it, in words and as exit code."""
    async with answering(told(status)) as url:
        listed = {"name": "gateway", "url": url, "secrets": [{"key": secret(KEY)}]}
        listed |= {"allow_http": True, "allow_private": True}
        file = tmp_path / "webhooks.yaml"
        file.write_text(yaml.safe_dump({"endpoints": [listed]}))
        environ = {"SLUICEGATE_WEBHOOKS": str(file)}
        words = ["webhook", "test", "gateway"]
        tried = await asyncio.to_thread(CliRunner().invoke, cli, words, env=environ)
    assert tried.exit_code == code
    assert said in tried.stdout
